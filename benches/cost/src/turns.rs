//! Nanoseconds: the variants of a scenario take turns, so that what else the machine does meets all of them.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// Turns of each variant: as many as there is time for, of these at least and at most.
const TURNS: RangeInclusive<usize> = 11..=101;
const TIME: Duration = Duration::from_secs(2);

/// A scenario's variants.
#[derive(Default)]
pub(crate) struct Turns {
    scenario: String,
    variants: Vec<(&'static str, Batch)>,
}

/// Runs a batch, and tells the nanoseconds of one call.
type Batch = Box<dyn FnMut() -> f64>;

impl Turns {
    /// Adds a variant, after the turns of the scenario before.
    pub(crate) fn add(
        &mut self,
        scenario: &str,
        variant: &'static str,
        batch: impl FnMut() -> f64 + 'static,
    ) {
        if self.scenario != scenario {
            self.take();
            self.scenario = scenario.to_owned();
        }
        self.variants.push((variant, Box::new(batch)));
    }

    /// Lets each variant have its turns, and prints `scenario | variant | figure`: of the floor the median, of the others
    /// that and the median of what they took more than the floor in the same turn.
    pub(crate) fn take(&mut self) {
        let mut variants = std::mem::take(&mut self.variants);
        let start = Instant::now();
        let is_enough = |nth: &usize| *nth >= *TURNS.start() && start.elapsed() > TIME;
        let turns: Vec<Vec<f64>> = (0..*TURNS.end())
            .take_while(|nth| !is_enough(nth))
            .map(|_| variants.iter_mut().map(|(_, batch)| batch()).collect())
            .collect();
        let over = |nth: usize, base: Option<usize>| {
            median(
                turns
                    .iter()
                    .map(|turn| turn[nth] - base.map_or(0.0, |base| turn[base])),
            )
        };
        let floor = variants.iter().position(|(variant, _)| *variant == "floor");
        for (nth, (variant, _)) in variants.iter().enumerate() {
            let figure = match floor {
                Some(floor) => over(floor, None) + over(nth, Some(floor)),
                None => over(nth, None),
            };
            println!("{}|{variant}|{figure:.0}", self.scenario);
        }
    }
}

pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
