//! L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.5) for smooth convex functions.

use std::collections::VecDeque;

/// Past steps that the curvature is read from.
const MEMORY: usize = 12;
/// Share of the promised fall that a step must bring (Armijo).
const SUFFICIENT: f64 = 1e-4;
/// Halvings after which no smaller step is tried: what is left is rounding.
const MOST_HALVINGS: usize = 40;

/// When the descent ends.
pub(super) struct Descent {
    pub(super) most_steps: usize,
    /// Largest component of the gradient that counts as level.
    pub(super) level: f64,
}

impl Default for Descent {
    fn default() -> Self {
        Self { most_steps: 300, level: 1e-5 }
    }
}

/// One step taken: where it went and how the gradient changed on it.
struct Step {
    moved: Vec<f64>,
    bent: Vec<f64>,
    /// `1 / (moved · bent)`.
    inverse: f64,
}

/// Walks from `start` to the minimum of `function`, which returns its value and its gradient.
pub(super) fn minimise(function: impl Fn(&[f64]) -> (f64, Vec<f64>), start: Vec<f64>, descent: &Descent) -> Vec<f64> {
    let mut at = start;
    let (mut value, mut gradient) = function(&at);
    let mut past: VecDeque<Step> = VecDeque::new();
    for _ in 0..descent.most_steps {
        if gradient.iter().all(|g| g.abs() <= descent.level) {
            break;
        }
        let direction = direction(&gradient, &past);
        let slope = dot(&gradient, &direction);
        // Without a past the gradient's length says nothing about the distance: begin with a step of length one.
        let mut length = if past.is_empty() { dot(&gradient, &gradient).sqrt().recip().min(1.0) } else { 1.0 };
        let mut next = None;
        for _ in 0..MOST_HALVINGS {
            let there: Vec<f64> = at.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let (value_there, gradient_there) = function(&there);
            if value_there <= value + SUFFICIENT * length * slope {
                next = Some((there, value_there, gradient_there));
                break;
            }
            length *= 0.5;
        }
        let Some((there, value_there, gradient_there)) = next else { break };
        let moved = difference(&there, &at);
        let bent = difference(&gradient_there, &gradient);
        let curvature = dot(&moved, &bent);
        // Where rounding hides the curvature the step teaches nothing.
        if curvature > 1e-14 * dot(&bent, &bent) {
            if past.len() == MEMORY {
                past.pop_front();
            }
            past.push_back(Step { moved, bent, inverse: curvature.recip() });
        }
        (at, value, gradient) = (there, value_there, gradient_there);
    }
    at
}

/// The negative gradient, bent by the curvature that the past steps have shown.
fn direction(gradient: &[f64], past: &VecDeque<Step>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(past.len());
    for step in past.iter().rev() {
        let share = step.inverse * dot(&step.moved, &direction);
        add(&mut direction, -share, &step.bent);
        shares.push(share);
    }
    if let Some(last) = past.back() {
        let scale = (last.inverse * dot(&last.bent, &last.bent)).recip();
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for (step, share) in past.iter().zip(shares.into_iter().rev()) {
        let back = step.inverse * dot(&step.bent, &direction);
        add(&mut direction, share - back, &step.moved);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, x: &[f64]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += factor * x);
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_valley_is_walked_to_its_end() {
        // A quadratic whose axes differ a thousandfold, with its minimum at 1, 2, 3, ...
        let stiffness: Vec<f64> = (0..20).map(|i| 1000.0_f64.powf(f64::from(i) / 19.0)).collect();
        let function = |x: &[f64]| {
            let gradient: Vec<f64> =
                x.iter().zip(&stiffness).zip(1..).map(|((x, k), i)| k * (x - f64::from(i))).collect();
            let value = x.iter().zip(&stiffness).zip(1..).map(|((x, k), i)| 0.5 * k * (x - f64::from(i)).powi(2)).sum();
            (value, gradient)
        };
        let end = minimise(function, vec![0.0; 20], &Descent::default());
        for (x, i) in end.iter().zip(1..) {
            assert!((x - f64::from(i)).abs() < 1e-4, "{x} at {i}");
        }
    }
}
