//! How long a net is trained: processor seconds, as steps. Kept as a small JSON file, so that a table that was stopped goes on
//! with the same number.

use std::path::Path;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::study::json::kept;
use crate::study::outputs::replace;

/// Steps that are made at least, however dear.
const FEWEST_STEPS: f64 = 10.0;

/// How long a net is trained.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Processor seconds of a step, measured once.
    pub(super) step_cost_s: f64,
    pub(super) steps: u64,
    /// The budget that the steps are for.
    budget_s: f64,
}

impl Plan {
    /// The plan that `run` keeps for a net, or a new one by what a step costs: the same for every seed.
    ///
    /// # Errors
    /// A plan for another budget, a step that fails, a full disk.
    pub(super) fn kept(run: &Path, net: &str, budget_s: f64, cost: impl FnOnce() -> Result<f64>) -> Result<Self> {
        let path = run.join(format!("{net}.plan.json"));
        if let Some(kept) = kept::<Self>(&path)? {
            ensure!(
                kept.budget_s == budget_s,
                "{} is of a table with a budget of {} s, not {budget_s} s; choose another --run",
                path.display(),
                kept.budget_s
            );
            return Ok(kept);
        }
        let step_cost_s = cost()?;
        let steps = (budget_s / step_cost_s.max(1e-6)).round().max(FEWEST_STEPS) as u64;
        let plan = Self { step_cost_s, steps, budget_s };
        replace(&path, &serde_json::to_vec_pretty(&plan)?)?;
        Ok(plan)
    }
}
