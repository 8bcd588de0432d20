//! Three verdicts on each case, compared.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tower_cors::testing::Profile;

use crate::layers::Layers;
use crate::matrix::Judged;
use crate::{Case, Engine, Matrix, Verdict, intent, simulation};

/// How an engine and the test browser judge a layer, beside what is meant.
#[derive(Debug)]
pub struct Summary {
    engine: String,
    cases: usize,
    /// Where all verdicts are the same.
    pub agreements: usize,
    /// Where the engine is known to deviate from the standard, and the test browser says so of it.
    pub deviations: BTreeMap<String, usize>,
    /// Everything else: mistakes of ours.
    pub differences: Vec<Difference>,
    preflights: usize,
    cookies: usize,
    /// How many requests came to the services in each version of HTTP.
    pub versions: BTreeMap<String, usize>,
    took: Duration,
}

/// A case that is not judged as it is meant, and not by a known deviation.
#[derive(Debug)]
pub struct Difference {
    /// The case.
    pub case: Case,
    /// What is meant.
    pub intent: Verdict,
    /// What the test browser says, by the standard.
    pub standard: Verdict,
    /// What the test browser says, in the engine's profile.
    pub profile: Verdict,
    /// What the engine says.
    pub engine: Verdict,
}

impl Summary {
    /// Runs the matrix in the engine and in the test browser.
    ///
    /// # Panics
    ///
    /// Where the engine does not run, a preflight carries credentials, or a cookie goes with a request with which it
    /// should not, or does not go where it should.
    pub async fn of(matrix: &Matrix, layers: Layers, engine: Engine) -> Self {
        let judged = matrix.judged_by(engine, layers).await;
        let cookies = check_credentials(matrix, &judged, engine);
        let standard = simulation::of(matrix, &matrix.cases, layers, &Profile::standard()).await;
        let profile = simulation::of(matrix, &matrix.cases, layers, &engine.profile()).await;

        let mut agreements = 0;
        let mut deviating = Vec::new();
        let mut differences = Vec::new();
        let verdicts = standard.into_iter().zip(profile).zip(judged.verdicts);
        for (case, ((standard, profile), engine)) in matrix.cases.iter().zip(verdicts) {
            let intent = intent::of(case);
            if standard != intent || profile != engine {
                differences.push(Difference {
                    case: *case,
                    intent,
                    standard,
                    profile,
                    engine,
                });
            } else if engine == intent {
                agreements += 1;
            } else {
                deviating.push((*case, engine));
            }
        }
        Self {
            engine: judged.version,
            cases: matrix.cases.len(),
            agreements,
            deviations: name_deviations(matrix, layers, engine, &deviating).await,
            differences,
            preflights: judged.log.preflights.len(),
            cookies,
            versions: judged.log.versions,
            took: judged.took,
        }
    }

    /// # Panics
    ///
    /// Where there is a difference, with the first of them.
    #[track_caller]
    pub fn assert_no_difference(&self) {
        let first: String = self
            .differences
            .iter()
            .take(20)
            .map(|difference| format!("\n{difference}"))
            .collect();
        assert!(self.differences.is_empty(), "{self}{first}");
    }
}

/// How many cases each deviation of the engine explains, alone.
async fn name_deviations(
    matrix: &Matrix,
    layers: Layers,
    engine: Engine,
    deviating: &[(Case, Verdict)],
) -> BTreeMap<String, usize> {
    let cases: Vec<Case> = deviating.iter().map(|(case, _)| *case).collect();
    let mut names = vec!["several deviations together".to_owned(); cases.len()];
    for deviation in engine.profile().deviations() {
        let profile = Profile::standard().with(*deviation);
        let alone = simulation::of(matrix, &cases, layers, &profile).await;
        for (name, (verdict, (_, of_the_engine))) in
            names.iter_mut().zip(alone.iter().zip(deviating))
        {
            if verdict == of_the_engine {
                *name = format!("{deviation:?}");
            }
        }
    }
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// How many requests carried the cookie.
fn check_credentials(matrix: &Matrix, judged: &Judged, engine: Engine) -> usize {
    let first = judged.log.preflights_with_credentials.first();
    assert_eq!(first, None, "no preflight carries credentials");
    let mut cookies = 0;
    for case in &matrix.cases {
        if let Some(has_cookie) = judged.log.reached.get(&case.number) {
            assert_eq!(
                *has_cookie,
                case.has_cookie(engine),
                "whether a cookie goes with {case}"
            );
            cookies += usize::from(*has_cookie);
        }
    }
    cookies
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            engine,
            cases,
            agreements,
            deviations,
            differences,
            preflights,
            cookies,
            versions,
            took,
        } = self;
        writeln!(f, "{engine}: {cases} cases in {} s", took.as_secs())?;
        for (version, count) in versions {
            writeln!(f, "  {count} requests in {version}")?;
        }
        writeln!(f, "  {agreements} agreements")?;
        for (name, count) in deviations {
            writeln!(f, "  {count} by the deviation {name}")?;
        }
        writeln!(f, "  {} differences", differences.len())?;
        write!(
            f,
            "  {preflights} preflights, none with credentials; {cookies} requests with the cookie, none where it should not go"
        )
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            case,
            intent,
            standard,
            profile,
            engine,
        } = self;
        writeln!(f, "{case}")?;
        writeln!(f, "  is meant to be: {intent}")?;
        writeln!(f, "  the test browser, by the standard: {standard}")?;
        writeln!(f, "  the test browser, as the engine: {profile}")?;
        write!(f, "  the engine: {engine}")
    }
}
