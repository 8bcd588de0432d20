//! Pages of many origins behind a cache that they share: none gets what was meant for another, and each gets its own.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tower_cors_proxy_tests::{
    Asked, Chance, Connection, Kind, MANNERS, Manner, ORIGINS, Preflight, Proxy, Running, SERVICES,
    Service, Tally, Vary, judge,
};

/// What one worker does at a time.
#[derive(Clone, Copy)]
enum Job {
    /// Every origin asks for what one of them has asked for first.
    Primed {
        manner: &'static Manner,
        first: usize,
    },
    /// Requests of every kind in an order of chance.
    Mixed { manner: &'static Manner },
    /// Preflights of every kind in an order of chance.
    Preflights,
    /// All origins at once, before anything is kept.
    AtOnce { manner: &'static Manner },
}

/// Whether a manner's answers are the same for every origin, so that the layer does not touch the lines of `Vary`, of which
/// nginx 1.22 reads only the last: which language it then serves is between the application and nginx.
fn is_left_to_the_application(service: &Service, manner: &Manner) -> bool {
    let is_the_same_for_all = ["any", "any-private-network", "path-any", "path-none"];
    manner.name == "origin-last" && is_the_same_for_all.contains(&service.name)
}

/// Every job of every service, with a number of its own.
fn jobs(manners: &'static [Manner]) -> Vec<(usize, &'static Service, Job)> {
    let of_manner = |manner| {
        let primed = (0..ORIGINS.len()).map(move |first| Job::Primed { manner, first });
        primed.chain([Job::Mixed { manner }, Job::AtOnce { manner }])
    };
    let kinds: Vec<Job> = manners
        .iter()
        .flat_map(of_manner)
        .chain([Job::Preflights])
        .collect();
    let jobs = SERVICES
        .iter()
        .flat_map(|service| kinds.iter().map(move |job| (service, *job)));
    let is_judged = |(service, job): &(&Service, Job)| match job {
        Job::Primed { manner, .. } | Job::Mixed { manner } | Job::AtOnce { manner } => {
            !is_left_to_the_application(service, manner)
        }
        Job::Preflights => true,
    };
    jobs.filter(is_judged)
        .enumerate()
        .map(|(number, (service, job))| (number, service, job))
        .collect()
}

/// Does all jobs, several at a time.
async fn work(proxy: &Proxy, jobs: Vec<(usize, &'static Service, Job)>) -> Tally {
    let (jobs, next) = (Arc::new(jobs), Arc::new(AtomicUsize::new(0)));
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (jobs, next, socket) = (Arc::clone(&jobs), Arc::clone(&next), proxy.socket());
            tokio::spawn(async move {
                let (mut tally, mut connection) = (Tally::default(), Connection::to(&socket));
                while let Some((number, service, job)) =
                    jobs.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    run(*number, service, *job, &mut connection, &mut tally, &socket).await;
                }
                tally
            })
        })
        .collect();
    let mut all = Tally::default();
    for worker in workers {
        all.merge(worker.await.expect("no panic"));
    }
    all
}

async fn run(
    number: usize,
    service: &'static Service,
    job: Job,
    connection: &mut Connection,
    tally: &mut Tally,
    socket: &std::path::Path,
) {
    let mut chance = Chance::new(number);
    match job {
        Job::Primed { manner, first } => {
            let mut order = ORIGINS;
            chance.shuffle(&mut order);
            for origin in std::iter::once(ORIGINS[first]).chain(order) {
                let asked = Asked::new(service, manner, number, origin);
                let answer = connection.send(asked.request()).await;
                tally.add("primed", &answer, judge(&asked, &answer));
            }
        }
        Job::Mixed { manner } => {
            for _ in 0..120 {
                let asked = Asked::by_chance(service, manner, number, &mut chance);
                let answer = connection.send(asked.request()).await;
                tally.add("mixed", &answer, judge(&asked, &answer));
            }
        }
        Job::Preflights => {
            let mut preflights = Vec::new();
            for origin in ORIGINS.into_iter().filter(|origin| !origin.is_empty()) {
                for method in ["PUT", "DELETE"] {
                    for headers in [None, Some("x-one"), Some("x-one,x-two")] {
                        for private_network in [false, true] {
                            preflights.extend(
                                [Preflight {
                                    service,
                                    number,
                                    origin,
                                    method,
                                    headers,
                                    private_network,
                                }; 2],
                            );
                        }
                    }
                }
            }
            chance.shuffle(&mut preflights);
            for preflight in preflights {
                let answer = connection.send(preflight.request()).await;
                tally.add("preflight", &answer, judge(&preflight, &answer));
            }
        }
        Job::AtOnce { manner } => {
            let send = |origin| {
                let asked = Asked::new(service, manner, number, origin);
                let mut connection = Connection::to(socket);
                tokio::spawn(async move { (asked, connection.send(asked.request()).await) })
            };
            for answered in ORIGINS.map(send) {
                let (asked, answer) = answered.await.expect("no panic");
                tally.add("at once", &answer, judge(&asked, &answer));
            }
        }
    }
}

/// The manners whose answers outlive the test, and those that live for a second.
fn manners() -> (&'static [Manner], &'static [Manner]) {
    MANNERS.split_at(MANNERS.len() - 2)
}

/// Every job over what is kept for long.
async fn ask_for_what_is_kept(kind: Kind, vary: Vary) -> Tally {
    let service = Running::start(vary);
    let proxy = Proxy::start(kind, &service.socket());
    let tally = work(&proxy, jobs(manners().0)).await;
    println!("{kind:?}, Vary {vary:?}\n{tally}");
    tally
}

/// Answers that have grown too old are asked for by each origin after each other has, and once more when all of them are
/// old again.
async fn ask_for_what_is_old(kind: Kind, vary: Vary) -> (Tally, usize) {
    let service = Running::start(vary);
    let proxy = Proxy::start(kind, &service.socket());
    let mut tally = Tally::default();
    let mut connection = Connection::to(&proxy.socket());
    let mut chance = Chance::new(0);
    let (_, short) = manners();
    for round in 0..3 {
        for (number, first) in ORIGINS.into_iter().enumerate() {
            for service in &SERVICES {
                for manner in short {
                    let mut order = ORIGINS.to_vec();
                    chance.shuffle(&mut order);
                    for origin in if round == 0 { vec![first] } else { order } {
                        let mut asked = Asked::new(service, manner, number, origin);
                        asked.known = [None, Some(true), Some(false)][chance.below(3)];
                        let answer = connection.send(asked.request()).await;
                        tally.add("old", &answer, judge(&asked, &answer));
                    }
                }
            }
        }
        wait_until_all_is_old(&mut connection).await;
    }
    println!(
        "{kind:?}, Vary {vary:?}\n{tally}{:8} not modified, says the service",
        service.not_modified()
    );
    (tally, service.not_modified())
}

/// Waits until what is fetched now is served although it is stale: what was fetched before is stale too then.
async fn wait_until_all_is_old(connection: &mut Connection) {
    static NEXT: AtomicUsize = AtomicUsize::new(1_000_000);
    let any = SERVICES
        .iter()
        .find(|service| service.name == "any")
        .expect("a service");
    let stale = MANNERS.last().expect("a manner");
    let sentinel = Asked::new(any, stale, NEXT.fetch_add(1, Ordering::Relaxed), &[]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while connection.send(sentinel.request()).await.cache() != "STALE" {
        assert!(Instant::now() < deadline, "nothing grows old");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn each_gets_its_own_of_what_is_kept(kind: Kind) {
    let tally = ask_for_what_is_kept(kind, Vary::Kept).await;
    tally.assert_nothing_wrong();
    for seen in [
        "primed HIT",
        "primed MISS",
        "mixed HIT",
        "status 304 HIT",
        "status 206 HIT",
        "status 404 HIT",
    ] {
        assert!(tally.of(seen) > 50, "too few of {seen}:\n{tally}");
    }
    for seen in ["status 301 HIT", "status 403 HIT", "at once"] {
        assert!(tally.of(seen) > 50, "too few of {seen}:\n{tally}");
    }
}

async fn each_gets_its_own_of_what_is_old(kind: Kind) {
    let (tally, not_modified) = ask_for_what_is_old(kind, Vary::Kept).await;
    tally.assert_nothing_wrong();
    for seen in [
        "old STALE",
        "old REVALIDATED",
        "old MISS",
        "status 304 REVALIDATED",
    ] {
        assert!(tally.of(seen) > 50, "too few of {seen}:\n{tally}");
    }
    assert!(
        not_modified > 50,
        "the service said too rarely that nothing was modified:\n{tally}"
    );
}

/// Without `Vary: Origin` it is found that pages get what is another's, and that they do not get their own.
async fn a_layer_without_vary_is_found_out(kind: Kind) {
    let tally = ask_for_what_is_kept(kind, Vary::WithoutOrigin).await;
    assert!(tally.wrong.len() > 1_000, "{tally}");
    let (old, _) = ask_for_what_is_old(kind, Vary::WithoutOrigin).await;
    assert!(old.wrong.len() > 1_000, "{old}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_varnish_each_page_gets_its_own_of_what_is_kept() {
    each_gets_its_own_of_what_is_kept(Kind::Varnish).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_nginx_each_page_gets_its_own_of_what_is_kept() {
    each_gets_its_own_of_what_is_kept(Kind::Nginx).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_varnish_each_page_gets_its_own_of_what_is_old() {
    each_gets_its_own_of_what_is_old(Kind::Varnish).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_nginx_each_page_gets_its_own_of_what_is_old() {
    each_gets_its_own_of_what_is_old(Kind::Nginx).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_varnish_a_layer_without_vary_is_found_out() {
    a_layer_without_vary_is_found_out(Kind::Varnish).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_nginx_a_layer_without_vary_is_found_out() {
    a_layer_without_vary_is_found_out(Kind::Nginx).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_ends_with_its_test() {
    let service = Running::start(Vary::Kept);
    for kind in [Kind::Varnish, Kind::Nginx] {
        let proxy = Proxy::start(kind, &service.socket());
        let socket = proxy.socket();
        let asked = Asked::new(&SERVICES[0], &MANNERS[0], 1, ORIGINS[1]);
        let answer = Connection::to(&socket).send(asked.request()).await;
        assert_eq!(judge(&asked, &answer), Ok(()));
        drop(proxy);
        assert!(
            UnixStream::connect(&socket).is_err(),
            "{kind:?} still listens"
        );
    }
}
