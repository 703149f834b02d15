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
    sum: Sum,
}

/// How what the members say becomes one answer.
pub(super) struct Sum {
    /// `[outputs][members]`.
    weight: Vec<f32>,
    /// `[outputs]`.
    bias: Vec<f32>,
}

impl Sum {
    /// Reads `weight` `[outputs, members]` and `bias` `[outputs]`.
    pub(super) fn new(members: usize, outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let weight = vb.get((outputs, members), "weight")?.flatten_all()?.to_vec1()?;
        Ok(Self { weight, bias: vb.get(outputs, "bias")?.to_vec1()? })
    }

    /// Number of probabilities per frame.
    pub(super) fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Each stream's probabilities, from the number of probabilities that each member says per frame and what it says of
    /// each stream: as many frames as all others.
    pub(super) fn of(&self, members: &[(usize, Vec<Vec<f32>>)]) -> Vec<Vec<f32>> {
        let streams = members.first().map_or(0, |(_, said)| said.len());
        let stream = |stream: usize| -> Vec<f32> {
            let rows = members.first().map_or(0, |(outputs, said)| said[stream].len() / outputs);
            let mut sums = self.bias.repeat(rows);
            for (number, (outputs, said)) in members.iter().enumerate() {
                let each = sums.chunks_exact_mut(self.outputs()).zip(said[stream].chunks_exact(*outputs));
                for (sums, said) in each {
                    for (output, (sum, p)) in sums.iter_mut().zip(said).enumerate() {
                        *sum += self.weight[output * members.len() + number] * logit(*p);
                    }
                }
            }
            sums.iter_mut().for_each(|x| *x = 1.0 / (1.0 + (-*x).exp()));
            sums
        };
        (0..streams).map(stream).collect()
    }
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
        Ok(Self { sum: Sum::new(members.len(), outputs, vb)?, members })
    }

    /// Number of probabilities per frame.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.sum.outputs()
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
        let shown = self.members.iter().position(|member| matches!(member, VocalNet::ConvFsmn(_)));
        let mut said = Vec::with_capacity(self.members.len());
        for (number, member) in self.members.iter().enumerate() {
            let mut own = streams.iter_mut().map(|stream| &mut stream[number]).collect::<Vec<_>>();
            let of_member = if shown == Some(number) {
                member.step_observed(&mut own, frames, end, observe)?
            } else {
                member.step(&mut own, frames, end)?
            };
            said.push((member.outputs(), of_member));
        }
        Ok(self.sum.of(&said))
    }
}

/// The logit of a probability.
#[must_use]
pub fn logit(probability: f32) -> f32 {
    let p = probability.clamp(NEAREST, 1.0 - NEAREST);
    (p / (1.0 - p)).ln()
}
