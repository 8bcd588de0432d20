//! E10: `Report` reports exactly what `Block` would reject, of every source.

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderName, ORIGIN, UPGRADE};
use http::{Method, Request};
use tower::Layer;
use tower_cors::{
    CorsLayer, Enforcement, HostSet, Policy, PolicyBuilder, PolicyHandle, PolicyList, PolicySource,
};
use tracing_subscriber::layer::SubscriberExt;
#[cfg(feature = "cache")]
use {
    std::future::ready,
    tower_cors::{DynamicPolicies, PolicyCache},
};

use crate::events::recorded::{Events, subscribed};
use crate::support::{APP, EVIL, app_only, built, request, send_through};

const OWN: &str = "api.example.com";
const OTHER: &str = "rebound.evil.example";
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Requests of every method, host, origin and site.
fn requests() -> Vec<Request<()>> {
    let hosts: [&[&str]; 4] = [&[OWN], &[OTHER], &[], &[OWN, OTHER]];
    let origins = [
        None,
        Some(APP),
        Some(EVIL),
        Some("null"),
        Some("https://api.example.com"),
    ];
    let sites = [None, Some("same-origin"), Some("cross-site"), Some("none")];
    let kinds: [(Method, &[(HeaderName, &str)]); 6] = [
        (Method::GET, &[]),
        (Method::GET, &[(MODE, "navigate"), (DEST, "document")]),
        (Method::GET, &[(UPGRADE, "websocket")]),
        (Method::POST, &[]),
        (Method::OPTIONS, &[]),
        (Method::OPTIONS, &[(ACCESS_CONTROL_REQUEST_METHOD, "PUT")]),
    ];
    let mut requests = Vec::new();
    for ((method, headers), host) in kinds.iter().flat_map(|kind| hosts.map(|host| (kind, host))) {
        for (origin, site) in origins
            .iter()
            .flat_map(|origin| sites.map(|site| (origin, site)))
        {
            let host = host.iter().map(|host| (HOST, *host));
            let origin = origin.map(|origin| (ORIGIN, origin));
            let site = site.map(|site| (SITE, site));
            let headers: Vec<_> = host
                .chain(origin)
                .chain(site)
                .chain(headers.iter().cloned())
                .collect();
            requests.push(request(method.clone(), &headers));
        }
    }
    requests
}

fn copy(request: &Request<()>) -> Request<()> {
    let mut copy = Request::new(());
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    copy
}

#[cfg(feature = "cache")]
fn tenant(enforcement: Enforcement) -> Policy {
    let policy = app_only().enforce(enforcement);
    built(policy.hosts([OWN, "other.example.com"]))
}

/// Returns every kind of source with this enforcement, some with hosts and some without.
fn layers(enforcement: Enforcement) -> Vec<(&'static str, CorsLayer)> {
    let listed = || app_only().allow_methods([Method::PUT]);
    let plain = || built(listed());
    let protected = || built(listed().enforce(enforcement));
    let with_hosts = || built(listed().enforce(enforcement).hosts([OWN]));
    let hosts = || HostSet::new([OWN]).unwrap();
    let read_only = || built(PolicyBuilder::public().read_only(true).enforce(enforcement));
    let untrusting = || {
        let policy = listed().enforce(enforcement);
        built(policy.trust_same_origin(false))
    };
    let mcp = || {
        built(
            PolicyBuilder::mcp()
                .allow_origin(APP)
                .hosts([OWN])
                .enforce(enforcement),
        )
    };
    let of = |source: PolicySource| CorsLayer::new(source);
    let layers = vec![
        ("a policy", of(protected().into())),
        ("a policy with hosts", of(with_hosts().into())),
        (
            "a policy of any origin with hosts",
            of(built(PolicyBuilder::public().enforce(enforcement).hosts([OWN])).into()),
        ),
        ("read-only", of(read_only().into())),
        ("untrusting", of(untrusting().into())),
        ("the preset of MCP", of(mcp().into())),
        (
            "nobody",
            of(built(Policy::builder().allow_no_origin().enforce(enforcement)).into()),
        ),
        ("a list", of([plain(), with_hosts()].into())),
        (
            "a list with a read-only policy",
            of([plain(), read_only()].into()),
        ),
        ("a handle", of(PolicyHandle::new(with_hosts()).into())),
        (
            "a list with a handle",
            of(PolicyList::new(plain())
                .then(PolicyHandle::new(with_hosts()))
                .into()),
        ),
        ("the layer", of(plain().into()).enforce(enforcement)),
        (
            "the layer, with hosts",
            of(plain().into()).enforce(enforcement).hosts(hosts()),
        ),
        (
            "the layer and a policy with hosts",
            of(with_hosts().into()).enforce(enforcement),
        ),
        (
            "hosts of the layer, which reject",
            of(protected().into()).hosts(hosts()),
        ),
    ];
    #[cfg(feature = "path")]
    let layers = {
        use tower_cors::PathPolicies;

        let mut layers = layers;
        let paths = |pattern: &'static str, source: PolicySource| {
            CorsLayer::new(
                PathPolicies::new([(pattern, source), ("/open", plain().into())]).unwrap(),
            )
        };
        layers.push(("a path", paths("/", with_hosts().into())));
        layers.push(("no path", paths("/other", with_hosts().into())));
        layers.push((
            "no path, a handle",
            paths("/other", PolicyHandle::new(with_hosts()).into()),
        ));
        #[cfg(feature = "cache")]
        {
            // The hosts of this path reject, and its enforcement is off.
            let nobody = || DynamicPolicies::new(|_, _| ready(Ok::<_, &str>(None)));
            let closed: PolicySource = nobody().hosts(hosts()).into();
            let both = PathPolicies::new([("/a", closed), ("/b", protected().into())]).unwrap();
            layers.push((
                "no path, hosts of another path, which reject",
                CorsLayer::new(both),
            ));
        }
        layers
    };
    #[cfg(feature = "cache")]
    let layers = {
        let mut layers = layers;
        let finding = |found: fn(Enforcement) -> Result<Option<Policy>, &'static str>| {
            let lookup = DynamicPolicies::new(move |_, _| ready(found(enforcement)));
            CorsLayer::new(
                lookup
                    .enforce(enforcement)
                    .hosts(HostSet::new([OWN]).unwrap()),
            )
        };
        layers.push(("a lookup that rejects", finding(|_| Ok(None))));
        layers.push((
            "a lookup that fails",
            finding(|_| Err("the database is away")),
        ));
        layers.push((
            "a lookup that panics",
            finding(|_| panic!("the lookup of a test")),
        ));
        layers.push(("a lookup", finding(|_| Ok(Some(built(app_only()))))));
        layers.push((
            "a looked-up policy that protects",
            finding(|enforcement| Ok(Some(tenant(enforcement)))),
        ));
        layers.push((
            "a looked-up policy that is read-only",
            finding(|enforcement| Ok(Some(built(app_only().enforce(enforcement).read_only(true))))),
        ));
        layers.push((
            "a lookup that is not cached",
            CorsLayer::new(
                DynamicPolicies::new(|_, _| ready(Ok::<_, &str>(None)))
                    .cache(PolicyCache::builder().capacity(1).build())
                    .enforce(enforcement),
            ),
        ));
        let base = Policy::builder().enforce(enforcement).hosts([OWN]);
        let predicate =
            DynamicPolicies::from_predicate(base, |origin, _| ready(Ok::<_, &str>(origin == APP)));
        layers.push((
            "an asynchronous predicate",
            CorsLayer::new(predicate.unwrap()),
        ));
        layers.push((
            "a cached list",
            CorsLayer::new(DynamicPolicies::cached([plain(), with_hosts()])),
        ));
        let handle = PolicyHandle::new(with_hosts());
        layers.push((
            "a cached list with a handle",
            CorsLayer::new(DynamicPolicies::cached(PolicyList::new(handle))),
        ));
        layers
    };
    layers
}

/// Returns the events that are logged while a layer is added to two services.
fn events_of_adding(layer: &CorsLayer) -> Vec<String> {
    let events = Events::default();
    let subscriber = tracing_subscriber::registry().with(events.clone());
    subscribed(subscriber, || {
        let services = [layer.layer(()), layer.clone().layer(())];
        drop(services);
    });
    events.taken()
}

#[test]
fn e11_enforcement_of_a_layer_or_a_list_that_rejects_nothing_is_one_event() {
    let any = Policy::permissive;
    let blocking = || built(app_only().enforce(Enforcement::Block));
    let reporting_hosts = || {
        let policy = app_only().enforce(Enforcement::Report);
        built(policy.hosts([OWN]))
    };
    let read_only = || {
        let any = PolicyBuilder::public().read_only(true);
        built(any.enforce(Enforcement::Report))
    };
    let hosts = || HostSet::new([OWN]).unwrap();
    let of = |source: PolicySource, enforcement| CorsLayer::new(source).enforce(enforcement);
    use Enforcement::{Block, Off, Report};
    for (name, layer, is_in_vain) in [
        ("any origin", of(any().into(), Block), true),
        ("any origin, reported", of(any().into(), Report), true),
        (
            "a list that ends with any origin",
            of([blocking(), any()].into(), Off),
            true,
        ),
        (
            "a list that starts with any origin",
            of([any(), blocking()].into(), Block),
            true,
        ),
        ("nothing is enforced", of(any().into(), Off), false),
        ("hosts", of(any().into(), Block).hosts(hosts()), false),
        ("hosts alone", of(any().into(), Off).hosts(hosts()), false),
        (
            "hosts of a policy",
            of([reporting_hosts(), any()].into(), Block),
            false,
        ),
        ("read-only", of(read_only().into(), Block), false),
        (
            "a list that ends read-only",
            of([blocking(), read_only()].into(), Off),
            false,
        ),
        ("listed origins", of(blocking().into(), Block), false),
        (
            "what can be replaced",
            of(PolicyHandle::new(any()).into(), Block),
            false,
        ),
    ] {
        let events = events_of_adding(&layer);
        let expected = "WARN tower_cors message=enforcement rejects nothing, because a policy of this layer allows any origin; \
                        help: list the origins, let any origin only read with `read_only`, or list the hosts of the service";
        assert_eq!(events, [expected][..usize::from(is_in_vain)], "{name}");
        assert_eq!(events_of_adding(&layer), [""; 0], "{name}, added again");
        // The event is true: the same requests reach the service as without enforcement.
        if is_in_vain {
            let rejected = requests()
                .into_iter()
                .filter(|asked| is_rejected(&layer, asked));
            assert_eq!(rejected.count(), 0, "{name}");
        }
    }
}

/// Returns whether the layer rejects a request that it would serve without enforcement: one that is no preflight, or any to
/// another host.
fn is_rejected(layer: &CorsLayer, asked: &Request<()>) -> bool {
    let answer = send_through(layer, &[], copy(asked));
    let is_preflight = asked.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        && asked.headers().contains_key(ORIGIN);
    let is_host = [400, 421].contains(&answer.status.as_u16());
    !answer.reached_the_service && (!is_preflight || is_host)
}

/// Returns what the layer reports of a request, in an event.
fn reported(layer: &CorsLayer, asked: &Request<()>) -> String {
    let events = Events::default();
    let subscriber = tracing_subscriber::registry().with(events.clone());
    subscribed(subscriber, || send_through(layer, &[], copy(asked)));
    let decisions = events
        .taken()
        .into_iter()
        .filter(|event| event.contains(" decision="));
    let decisions: Vec<_> = decisions.collect();
    assert_eq!(decisions.len(), 1, "{decisions:?}");
    decisions.concat()
}

#[test]
fn e10_report_reports_what_block_rejects_and_nothing_else() {
    let mut wrong = Vec::new();
    let pairs = layers(Enforcement::Block)
        .into_iter()
        .zip(layers(Enforcement::Report));
    for ((source, block), (_, report)) in pairs {
        // Twice, because what is looked up is cached then.
        for asked in requests().iter().flat_map(|asked| [asked; 2]) {
            let rejects = is_rejected(&block, asked);
            let event = reported(&report, asked);
            // What rejects whatever the enforcement is is no news of it.
            let reports = !event.contains("enforcement=\"none\"");
            if rejects != reports {
                wrong.push(format!(
                    "{source}: {asked:?}\n    Block rejects: {rejects}, Report: {event}"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of them:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}

#[test]
fn e10_report_serves_every_request_that_only_it_would_reject() {
    for (source, report) in layers(Enforcement::Report) {
        for asked in requests() {
            let event = reported(&report, &asked);
            if event.contains("would-block") {
                assert!(!is_rejected(&report, &asked), "{source}: {event}");
            }
        }
    }
}
