//! From the voice's probability to a decision: a gate with hysteresis and hold, and a level that follows it.

/// What the user sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnvelopeSettings {
    /// Probability from which a voice counts as present, 0..1.
    pub threshold: f32,
    /// How far below the threshold the probability must fall for the voice to count as gone, 0..1.
    pub hysteresis: f32,
    /// Time that the level takes to rise after the gate opens; a voice shorter than a third of it does not open the
    /// gate. Milliseconds.
    pub attack_ms: f32,
    /// Time that the gate stays open after the voice is gone, milliseconds.
    pub hold_ms: f32,
    /// Time that the level takes to fall after the gate closes, milliseconds.
    pub release_ms: f32,
}

impl Default for EnvelopeSettings {
    fn default() -> Self {
        Self { threshold: 0.5, hysteresis: 0.1, attack_ms: 60.0, hold_ms: 250.0, release_ms: 250.0 }
    }
}

/// Share of the attack for which the voice must be there before the gate opens.
const CONFIRMING_SHARE: f32 = 1.0 / 3.0;
/// By so much a time counts as longer than it is, milliseconds: hosts keep times on a scale from 0 to 1, whose rounding must
/// not decide about a whole reading where a time is a multiple of readings, as at the defaults.
const ROUNDING_MS: f32 = 0.01;

impl EnvelopeSettings {
    /// How many readings must follow the first one of a voice, `step_s` apart, before the gate opens: so far must be
    /// looked ahead for it to open on the voice itself.
    #[must_use]
    pub fn confirming_readings(&self, step_s: f32) -> usize {
        let (step_ms, patience_ms) = (step_s * 1000.0, self.confirmation_ms());
        let mut steady_ms = step_ms;
        let mut readings = 0;
        // In the envelope's own steps, so that rounding falls alike.
        while steady_ms <= patience_ms + ROUNDING_MS && step_ms > 0.0 {
            steady_ms += step_ms;
            readings += 1;
        }
        readings
    }

    /// A voice that is shorter does not open the gate, milliseconds.
    fn confirmation_ms(&self) -> f32 {
        self.attack_ms * CONFIRMING_SHARE
    }
}

/// What the envelope says after a reading.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Decision {
    /// A voice is present.
    pub gate: bool,
    /// 0..1, rising over the attack and falling over the release.
    pub level: f32,
}

/// The state between readings.
#[derive(Debug, Clone, Default)]
pub struct Envelope {
    decision: Decision,
    /// How long the probability has been on the other side of the gate's state, milliseconds.
    contrary_ms: f32,
}

impl Envelope {
    /// Closed, at level 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One reading, `step_s` after the one before. A probability that is not a number counts as 0.
    pub fn advance(&mut self, settings: &EnvelopeSettings, probability: f32, step_s: f32) -> Decision {
        self.advance_foreseeing(settings, probability, [], step_s)
    }

    /// As [`Self::advance`], with the readings that come next as far as they are known already. With
    /// [`EnvelopeSettings::confirming_readings`] of them the gate opens at the very reading at which the voice comes,
    /// with fewer by so much later, and it opens for the same voices either way. It closes alike.
    pub fn advance_foreseeing(
        &mut self,
        settings: &EnvelopeSettings,
        probability: f32,
        next: impl IntoIterator<Item = f32>,
        step_s: f32,
    ) -> Decision {
        let step_ms = step_s * 1000.0;
        let probability = if probability.is_finite() { probability } else { 0.0 };
        // A hysteresis wider than the threshold must still let the gate close on certain silence.
        let lower = (settings.threshold - settings.hysteresis).max(settings.threshold.min(0.01));
        let contrary = if self.decision.gate { probability < lower } else { probability >= settings.threshold };
        self.contrary_ms = if contrary { self.contrary_ms + step_ms } else { 0.0 };
        let (mut steady_ms, mut patience_ms) = (self.contrary_ms, settings.hold_ms);
        if contrary && !self.decision.gate {
            patience_ms = settings.confirmation_ms();
            let voiced = |probability: &f32| *probability >= settings.threshold;
            next.into_iter().take_while(voiced).for_each(|_| steady_ms += step_ms);
        }
        if contrary && steady_ms > patience_ms + ROUNDING_MS {
            self.decision.gate = !self.decision.gate;
            self.contrary_ms = 0.0;
        }
        self.follow(settings, step_ms);
        self.decision
    }

    /// As [`Self::advance`], but with the gate's state given: for a host's lane that a person has corrected.
    pub fn follow_gate(&mut self, settings: &EnvelopeSettings, gate: bool, step_s: f32) -> Decision {
        self.decision.gate = gate;
        self.contrary_ms = 0.0;
        self.follow(settings, step_s * 1000.0);
        self.decision
    }

    fn follow(&mut self, settings: &EnvelopeSettings, step_ms: f32) {
        let (target, time_ms) = if self.decision.gate { (1.0, settings.attack_ms) } else { (0.0, settings.release_ms) };
        let step = if time_ms > step_ms { step_ms / time_ms } else { 1.0 };
        self.decision.level += (target - self.decision.level).clamp(-step, step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP_S: f32 = 0.01;

    fn run(settings: &EnvelopeSettings, probabilities: &[f32]) -> Vec<Decision> {
        let mut envelope = Envelope::new();
        probabilities.iter().map(|&p| envelope.advance(settings, p, STEP_S)).collect()
    }

    #[test]
    fn gate_opens_after_a_third_of_the_attack_and_closes_after_the_hold() {
        let settings = EnvelopeSettings::default();
        let mut probabilities = vec![0.9; 50];
        probabilities.extend([0.0; 100]);
        let decisions = run(&settings, &probabilities);
        let open = decisions.iter().position(|d| d.gate).expect("opens");
        assert_eq!(open, 2, "20 ms of voice, then open");
        let close = decisions.iter().skip(open).position(|d| !d.gate).expect("closes") + open;
        assert_eq!(close, 50 + 25, "250 ms of hold");
    }

    #[test]
    fn values_between_the_thresholds_change_nothing() {
        let settings = EnvelopeSettings { hold_ms: 0.0, attack_ms: 0.0, ..EnvelopeSettings::default() };
        let decisions = run(&settings, &[0.45, 0.49, 0.6, 0.45, 0.41, 0.39, 0.45]);
        let gates: Vec<bool> = decisions.iter().map(|d| d.gate).collect();
        assert_eq!(gates, [false, false, true, true, true, false, false]);
    }

    #[test]
    fn what_is_foreseen_moves_openings_to_the_voice_and_nothing_else() {
        // Runs of every length up to a second, above and below the threshold, in an order of no meaning.
        let lengths = (0..400_usize).map(|n| (n * 37 + 1) % 101);
        let probabilities: Vec<f32> =
            lengths.enumerate().flat_map(|(n, length)| vec![if n % 2 == 0 { 0.2 } else { 0.8 }; length]).collect();
        for (attack_ms, hold_ms) in [(0.0, 0.0), (60.0, 250.0), (75.0, 40.0), (1000.0, 0.0)] {
            let settings = EnvelopeSettings { attack_ms, hold_ms, ..EnvelopeSettings::default() };
            let readings = settings.confirming_readings(STEP_S);
            let plain: Vec<bool> = run(&settings, &probabilities).iter().map(|decision| decision.gate).collect();
            for seen in [readings, readings / 2, readings + 40] {
                let mut envelope = Envelope::new();
                let foresees = |at: usize| probabilities[at + 1..].iter().copied().take(seen);
                let gates: Vec<bool> = (0..probabilities.len())
                    .map(|at| envelope.advance_foreseeing(&settings, probabilities[at], foresees(at), STEP_S).gate)
                    .collect();
                let turns = |gates: &[bool], opens: bool| -> Vec<usize> {
                    (1..gates.len()).filter(|&at| gates[at] != gates[at - 1] && gates[at] == opens).collect()
                };
                let earlier = readings.min(seen);
                let opened: Vec<usize> = turns(&gates, true).iter().map(|at| at + earlier).collect();
                assert_eq!(opened, turns(&plain, true), "{attack_ms} ms, {seen} readings");
                assert_eq!(turns(&gates, false), turns(&plain, false), "{attack_ms} ms, {seen} readings");
            }
        }
    }

    #[test]
    fn a_time_that_was_rounded_decides_alike() {
        let mut probabilities = vec![0.9; 50];
        probabilities.extend([0.0; 60]);
        let gates = |share: f32| -> Vec<bool> {
            let settings = EnvelopeSettings { attack_ms: 60.0 * share, hold_ms: 250.0 * share, ..Default::default() };
            assert_eq!(settings.confirming_readings(STEP_S), 2, "{share}");
            run(&settings, &probabilities).iter().map(|decision| decision.gate).collect()
        };
        for share in [1.0 - 1e-6, 1.0 - f32::EPSILON, 1.0 + f32::EPSILON, 1.0 + 1e-6] {
            assert_eq!(gates(share), gates(1.0), "{share}");
        }
    }

    #[test]
    fn level_rises_and_falls_in_the_times_set() {
        let settings = EnvelopeSettings { attack_ms: 100.0, hold_ms: 0.0, release_ms: 200.0, ..Default::default() };
        let mut probabilities = vec![1.0; 30];
        probabilities.extend([0.0; 40]);
        let levels: Vec<f32> = run(&settings, &probabilities).iter().map(|d| d.level).collect();
        let first = levels.iter().position(|&level| level > 0.0).expect("rises");
        assert!((levels[first + 9] - 1.0).abs() < 1e-5 && levels[first + 8] < 0.95);
        let fall = (first + 10..levels.len()).find(|&i| levels[i] < 1.0).expect("falls");
        assert!(levels[fall + 19].abs() < 1e-5 && levels[fall + 18] > 0.03);
    }

    #[test]
    fn any_settings_and_inputs_stay_in_range() {
        let settings =
            EnvelopeSettings { threshold: 0.0, hysteresis: 1.0, attack_ms: 0.0, hold_ms: 0.0, release_ms: 0.0 };
        for decision in run(&settings, &[f32::NAN, f32::INFINITY, -1.0, 2.0, 0.0]) {
            assert!((0.0..=1.0).contains(&decision.level));
        }
    }
}
