//! Several voice nets that are asked together. Nets that were trained apart err apart, so the weighted mean of what they
//! say (of their logits) is right more often than any of them.

use candle_core::{Result, bail};
use candle_nn::VarBuilder;

use super::{FrameObserver, VocalNet, VocalStream};

/// Logits are taken from probabilities no nearer than this to 0 and 1.
const NEAREST: f32 = 1e-6;

/// Voice nets on the same frames, with one answer.
pub struct Ensemble {
    members: Vec<VocalNet>,
    /// `[outputs][members]`.
    weight: Vec<f32>,
    /// `[outputs]`.
    bias: Vec<f32>,
}

impl Ensemble {
    /// `members` with `weight` `[outputs, members]` and `bias` `[outputs]` on their logits. A member that says fewer than
    /// `outputs` says the first of them, and its weight for the others is not read.
    ///
    /// # Errors
    /// No members, members that wait for different numbers of frames, a missing tensor or one of another shape.
    pub fn new(members: Vec<VocalNet>, outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let Some(ahead) = members.first().map(VocalNet::look_ahead_frames) else { bail!("an ensemble of no members") };
        if members.iter().any(|member| member.look_ahead_frames() != ahead) {
            bail!("the members of an ensemble must wait for the same number of frames");
        }
        if members.iter().all(|member| member.outputs() < outputs) {
            bail!("no member of the ensemble says all of the {outputs} labels");
        }
        let weight = vb.get((outputs, members.len()), "weight")?.flatten_all()?.to_vec1()?;
        Ok(Self { weight, bias: vb.get(outputs, "bias")?.to_vec1()?, members })
    }

    /// Number of probabilities per frame.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Frames that a probability waits for.
    #[must_use]
    pub fn look_ahead_frames(&self) -> usize {
        self.members.first().map_or(0, VocalNet::look_ahead_frames)
    }

    /// The members' memories of a stream that has heard nothing.
    #[must_use]
    pub fn stream(&self) -> Vec<VocalStream> {
        self.members.iter().map(VocalNet::stream).collect()
    }

    /// Reads new frames of several streams in one pass; see [`VocalNet::step_observed`].
    ///
    /// # Errors
    /// As [`VocalNet::step`].
    pub fn step(
        &self,
        streams: &mut [&mut Vec<VocalStream>],
        frames: &[&[f32]],
        end: bool,
        observe: &mut FrameObserver<'_>,
    ) -> Result<Vec<Vec<f32>>> {
        let mut logits: Vec<Vec<f32>> = Vec::new();
        let shown = self.members.iter().position(|member| matches!(member, VocalNet::ConvFsmn(_)));
        for (number, member) in self.members.iter().enumerate() {
            let mut own = streams.iter_mut().map(|stream| &mut stream[number]).collect::<Vec<_>>();
            let said = if shown == Some(number) {
                member.step_observed(&mut own, frames, end, observe)?
            } else {
                member.step(&mut own, frames, end)?
            };
            let rows = |said: &Vec<f32>| said.len() / member.outputs();
            if logits.is_empty() {
                logits = said.iter().map(|said| self.bias.repeat(rows(said))).collect();
            }
            for (sums, said) in logits.iter_mut().zip(&said) {
                for (sums, said) in sums.chunks_exact_mut(self.outputs()).zip(said.chunks_exact(member.outputs())) {
                    for (output, (sum, p)) in sums.iter_mut().zip(said).enumerate() {
                        *sum += self.weight[output * self.members.len() + number] * logit(*p);
                    }
                }
            }
        }
        logits.iter_mut().flatten().for_each(|x| *x = 1.0 / (1.0 + (-*x).exp()));
        Ok(logits)
    }
}

/// The logit of a probability.
#[must_use]
pub fn logit(probability: f32) -> f32 {
    let p = probability.clamp(NEAREST, 1.0 - NEAREST);
    (p / (1.0 - p)).ln()
}
