//! The gain that rides on the voice: a few decibels up or down while someone sings, without zipper noise.

/// A gain that moves to its target along a straight line.
#[derive(Debug, Clone)]
pub struct Ride {
    gain: f32,
    target: f32,
    step: f32,
    left: u32,
    glide: u32,
}

impl Ride {
    /// Gain 1; moves take `glide` samples.
    #[must_use]
    pub fn new(glide: u32) -> Self {
        Self { gain: 1.0, target: 1.0, step: 0.0, left: 0, glide: glide.max(1) }
    }

    /// Sets where to go: `ride_db` scaled by the envelope's `level` 0..1.
    pub fn aim(&mut self, ride_db: f32, level: f32) {
        let target = if ride_db * level == 0.0 { 1.0 } else { 10.0_f32.powf(ride_db * level / 20.0) };
        if target != self.target {
            self.target = target;
            self.left = self.glide;
            self.step = (target - self.gain) / self.glide as f32;
        }
    }

    /// Whether the gain is exactly 1 and stays there: the audio need not be touched.
    #[must_use]
    pub fn is_transparent(&self) -> bool {
        self.left == 0 && self.gain == 1.0
    }

    /// The next sample's gain.
    pub fn next_gain(&mut self) -> f32 {
        if self.left > 0 {
            self.left -= 1;
            self.gain = if self.left == 0 { self.target } else { self.gain + self.step };
        }
        self.gain
    }

    /// The gain reached, linear.
    #[must_use]
    pub fn gain(&self) -> f32 {
        self.gain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reaches_its_target_exactly_and_returns_to_transparent() {
        let mut ride = Ride::new(100);
        assert!(ride.is_transparent());
        ride.aim(-6.0, 1.0);
        let gains: Vec<f32> = (0..100).map(|_| ride.next_gain()).collect();
        assert!((gains[99] - 0.501_187).abs() < 1e-6);
        assert!(gains.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.006), "no step is audible");
        ride.aim(-6.0, 0.0);
        (0..100).for_each(|_| {
            ride.next_gain();
        });
        assert!(ride.is_transparent());
    }
}
