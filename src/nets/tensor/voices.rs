//! The voice net of a file with its streams: one net, or several whose answers are added up; see
//! [`crate::nets::ensemble`].

use candle_core::Result;
use candle_nn::VarBuilder;

use super::streams::{Heard, Streams};
use super::voice::VoiceTensors;
use crate::nets::Card;
use crate::nets::ensemble::Sum;

/// See the module's text.
pub struct Voices {
    members: Vec<Streams>,
    /// Of an ensemble.
    sum: Option<Sum>,
}

impl Voices {
    /// Builds what the card names on the device of `vb`.
    ///
    /// # Errors
    /// A missing tensor or one of another shape, or a net that is not causal.
    pub(super) fn new(card: &Card, vb: &VarBuilder<'_>) -> Result<Self> {
        let net = |outputs: usize, vb: &VarBuilder<'_>| {
            VoiceTensors::new(outputs, card.look_ahead_frames, vb).map(Streams::new)
        };
        if card.members.is_empty() {
            return Ok(Self { members: vec![net(card.labels.len(), vb)?], sum: None });
        }
        let member = |number: usize| {
            let vb = vb.pp(format!("member{number}"));
            net(vb.get_unchecked("out.fc2.bias")?.elem_count(), &vb)
        };
        let members = (0..card.members.len()).map(member).collect::<Result<Vec<_>>>()?;
        let sum = Sum::new(members.len(), card.labels.len(), vb)?;
        Ok(Self { members, sum: Some(sum) })
    }

    /// Reads new frames of several streams; see [`Streams::step`].
    ///
    /// # Errors
    /// As [`Streams::step`].
    pub fn step(&mut self, heard: &[Heard<'_>], end: bool) -> Result<Vec<Vec<f32>>> {
        let mut said = Vec::with_capacity(self.members.len());
        for member in &mut self.members {
            let of_member = member.step(heard, end)?;
            said.push((member.net().outputs(), of_member));
        }
        match &self.sum {
            Some(sum) => Ok(sum.of(&said)),
            None => Ok(said.swap_remove(0).1),
        }
    }

    /// Forgets a stream.
    pub fn forget(&mut self, stream: u64) {
        self.members.iter_mut().for_each(|member| member.forget(stream));
    }
}
