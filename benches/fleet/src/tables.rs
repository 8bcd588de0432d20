//! The settings that are simulated.

use tower_cors_fleet::{Affinity, Announcements, Behavior, Restart, Settings, SourceSettings};

/// Settings that are compared.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<Row>,
}

pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) settings: Settings,
}

fn row(name: impl Into<String>, settings: Settings) -> Row {
    Row {
        name: name.into(),
        settings,
    }
}

/// The fleet of a usual size, with so many revocations that the last uses have quantiles.
fn revoking() -> Settings {
    Settings {
        revocations: 600.0,
        ..usual()
    }
}

/// A fleet of a usual size: 10 replicas, 10,000 origins, and 500 requests a second.
fn usual() -> Settings {
    Settings {
        replicas: 10,
        rate: 500.0,
        // Caches keep a rejection for a few seconds only, so many revoked origins would hide what the others cost.
        revocations: 60.0,
        warm_up: 900.0,
        duration: 2_100.0,
        ..Settings::default()
    }
}

pub(crate) fn all() -> Vec<Table> {
    vec![
        Table {
            name: "size",
            title: "5 requests a second and replica, Max-Age 600 s",
            rows: size(),
        },
        Table {
            name: "max-age",
            title: "10 replicas, 10,000 origins, 500 requests a second",
            rows: max_age(),
        },
        Table {
            name: "affinity",
            title: "100 replicas, 10,000 origins, 1,000 requests a second",
            rows: affinity(),
        },
        Table {
            name: "restart",
            title: "of 20 replicas with 1,000 origins and 1,000 requests a second",
            rows: restart(),
        },
        Table {
            name: "revocations",
            title: "10 replicas, 10,000 origins, 500 requests a second, Max-Age 600 s",
            rows: revocations(),
        },
        Table {
            name: "source",
            title: "10 replicas, 10,000 origins, 500 requests a second, Max-Age 600 s, lookups with a timeout of 1 s",
            rows: source(),
        },
        Table {
            name: "capacity",
            title: "10 replicas, 100,000 origins, 1,000 requests a second, Max-Age 600 s",
            rows: capacity(),
        },
        Table {
            name: "negative-ttl",
            title: "10 replicas, 10,000 origins, 500 requests a second, Max-Age 600 s, 200 popular origins revoked at a time",
            rows: negative_ttl(),
        },
        Table {
            name: "clocks",
            title: "10 replicas, 10,000 origins, 500 requests a second, Max-Age 600 s",
            rows: clocks(),
        },
    ]
}

fn size() -> Vec<Row> {
    let sizes = [
        (1, 1_000),
        (1, 1_000_000),
        (10, 10_000),
        (100, 10_000),
        (100, 100_000),
        (1_000, 10_000),
        (1_000, 1_000_000),
    ];
    let row = |(replicas, origins)| {
        let settings = Settings {
            replicas,
            origins,
            pages: 5 * origins.min(200_000),
            rate: 5.0 * replicas as f64,
            capacity: 20_000,
            // The figures of many replicas need less time.
            duration: if replicas < 1_000 { 1_800.0 } else { 1_000.0 },
            warm_up: if replicas < 1_000 { 1_200.0 } else { 700.0 },
            ..usual()
        };
        row(format!("{replicas} replicas, {origins} origins"), settings)
    };
    sizes.map(row).into()
}

fn max_age() -> Vec<Row> {
    let row = |max_age| {
        let settings = Settings {
            max_age,
            warm_up: 1.5 * max_age as f64,
            duration: 600.0 + 2.5 * max_age as f64,
            ..revoking()
        };
        row(format!("Max-Age {max_age} s"), settings)
    };
    [5, 60, 600, 3_600].map(row).into()
}

fn affinity() -> Vec<Row> {
    let row = |(name, affinity)| {
        let settings = Settings {
            replicas: 100,
            rate: 1_000.0,
            affinity,
            ..usual()
        };
        row(name, settings)
    };
    [
        ("any replica", Affinity::None),
        ("the browser's replica", Affinity::Browser),
        ("the origin's replica", Affinity::Origin),
    ]
    .map(row)
    .into()
}

/// The second at which the fleet restarts.
pub(crate) const RESTART: f64 = 900.0;

pub(crate) fn restarted(affinity: Affinity, takes: f64) -> Settings {
    Settings {
        replicas: 20,
        origins: 1_000,
        pages: 20_000,
        rate: 1_000.0,
        affinity,
        duration: RESTART + 900.0,
        warm_up: 600.0,
        capacity: 10_000,
        restart: Some(Restart { at: RESTART, takes }),
        ..usual()
    }
}

fn restart() -> Vec<Row> {
    // A fifth of what a whole fleet asks for at once.
    let limited = |connections, timeout_includes_wait| Settings {
        source: SourceSettings {
            throughput: 150.0,
            connections,
            timeout_includes_wait,
            ..SourceSettings::default()
        },
        ..restarted(Affinity::None, 0.0)
    };
    vec![
        row("all at once", restarted(Affinity::None, 0.0)),
        row("in 10 minutes", restarted(Affinity::None, 600.0)),
        row(
            "all at once, the origin's replica",
            restarted(Affinity::Origin, 0.0),
        ),
        row(
            "all at once, a source of 150 lookups a second, no pool",
            limited(usize::MAX, true),
        ),
        row(
            "the same, 5 connections a replica, the timeout of 1 s includes the wait for one",
            limited(5, true),
        ),
        row(
            "the same, 5 connections a replica, the timeout of 1 s is that of the query",
            limited(5, false),
        ),
    ]
}

fn revocations() -> Vec<Row> {
    let prompt = Announcements {
        delay: 0.05,
        lost: 0.0,
        doubled: 0.0,
    };
    [
        ("no announcements", None),
        ("prompt", Some(prompt)),
        (
            "late by 30 s, in any order, half of them doubled",
            Some(Announcements {
                delay: 30.0,
                doubled: 0.5,
                ..prompt
            }),
        ),
        (
            "one of ten lost",
            Some(Announcements {
                lost: 0.1,
                ..prompt
            }),
        ),
        (
            "all lost",
            Some(Announcements {
                lost: 1.0,
                ..prompt
            }),
        ),
    ]
    .map(|(name, announcements)| {
        let settings = Settings {
            announcements,
            ..revoking()
        };
        row(name, settings)
    })
    .into()
}

/// The second at which the source changes.
const FAULT: f64 = 900.0;

fn source() -> Vec<Row> {
    let answers = Behavior::Answers(0.002);
    let during =
        |behavior, lasts| vec![(0.0, answers), (FAULT, behavior), (FAULT + lasts, answers)];
    [
        ("answers in 2 ms", vec![(0.0, answers)]),
        (
            "answers in 500 ms for 4 minutes",
            during(Behavior::Answers(0.5), 240.0),
        ),
        ("fails for 4 minutes", during(Behavior::Fails(0.005), 240.0)),
        ("hangs for 4 minutes", during(Behavior::Hangs, 240.0)),
        (
            "fails for 20 minutes",
            during(Behavior::Fails(0.005), 1_200.0),
        ),
        ("hangs for 20 minutes", during(Behavior::Hangs, 1_200.0)),
    ]
    .map(|(name, behavior)| {
        let settings = Settings {
            duration: FAULT + 1_200.0,
            source: SourceSettings {
                behavior,
                ..SourceSettings::default()
            },
            ..revoking()
        };
        row(name, settings)
    })
    .into()
}

fn capacity() -> Vec<Row> {
    [100_000, 20_000, 10_000, 5_000, 2_000, 1_000]
        .map(|capacity| {
            let settings = Settings {
                capacity,
                origins: 100_000,
                pages: 500_000,
                rate: 1_000.0,
                ..usual()
            };
            row(format!("{capacity} permissions"), settings)
        })
        .into()
}

fn negative_ttl() -> Vec<Row> {
    [0.0, 1.0, 5.0, 30.0, 60.0]
        .map(|negative_ttl| {
            let settings = Settings {
                negative_ttl,
                ..revoking()
            };
            row(format!("rejections kept for {negative_ttl} s"), settings)
        })
        .into()
}

/// A fleet of 100 replicas that restarts at once, with this many requests a second.
pub(crate) fn wave(rate: f64, seed: u64) -> Settings {
    Settings {
        seed,
        replicas: 100,
        rate,
        duration: RESTART + 500.0,
        warm_up: RESTART - 150.0,
        restart: Some(Restart {
            at: RESTART,
            takes: 0.0,
        }),
        ..usual()
    }
}

fn clocks() -> Vec<Row> {
    vec![
        row(
            "of another hour on each machine",
            Settings {
                clock_offsets: 86_400.0,
                ..revoking()
            },
        ),
        row(
            "slow by up to 200 ppm",
            Settings {
                clock_drift: 2e-4,
                ..revoking()
            },
        ),
        row(
            "answers travel up to 2 s",
            Settings {
                transit: 2.0,
                ..revoking()
            },
        ),
    ]
}
