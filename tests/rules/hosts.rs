//! H1 to H5: requests to another host than the service's, as under DNS rebinding.

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderName, ORIGIN, UPGRADE};
use http::{Method, Request};
use proptest::prelude::*;
use tower_cors::{CorsLayer, Enforcement, HostPattern, HostSet, PolicyError, PolicyHandle};
use tower_cors::{PolicyBuilder, PolicyList};
#[cfg(feature = "cache")]
use {
    std::future::{Ready, ready},
    tower_cors::{DynamicPolicies, Origin, Policy, PolicyCache, Scope},
};

use crate::support::{APP, Answer, app_only, built, request, send_through};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// A name of the attacker that now resolves to the machine of the service.
const REBOUND: &str = "rebound.evil.example:8000";
const OWN: &str = "127.0.0.1:8000";

fn local() -> PolicyBuilder {
    app_only().enforce(Enforcement::Block).local_hosts()
}

fn to(layer: &CorsLayer, method: Method, headers: &[(HeaderName, &str)]) -> Answer {
    send_through(layer, &[], request(method, headers))
}

#[track_caller]
fn assert_misdirected(answer: &Answer) {
    assert!(!answer.reached_the_service);
    assert_eq!(answer.status, 421);
    assert_eq!(answer.cors_headers(), [""; 0]);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// Its name, the method and the headers.
type Attack = (&'static str, Method, Vec<(HeaderName, &'static str)>);

/// What a page of `http://rebound.evil.example:8000` can send. Each attack is there twice: as browsers send it over `http`,
/// and with `Sec-Fetch-Site`, as they send it to a trustworthy origin.
fn attacks() -> Vec<Attack> {
    let origin = (ORIGIN, "http://rebound.evil.example:8000");
    let mut attacks = vec![
        (
            "GET, which has no Origin in its own site",
            Method::GET,
            vec![],
        ),
        ("POST", Method::POST, vec![origin.clone()]),
        (
            "POST of a form under no-referrer",
            Method::POST,
            vec![(ORIGIN, "null")],
        ),
        ("DELETE", Method::DELETE, vec![origin.clone()]),
        ("HEAD", Method::HEAD, vec![]),
        ("OPTIONS", Method::OPTIONS, vec![]),
        (
            "WebSocket",
            Method::GET,
            vec![origin.clone(), (UPGRADE, "websocket")],
        ),
        (
            "preflight of another attacker's page",
            Method::OPTIONS,
            vec![(ORIGIN, APP), (ACCESS_CONTROL_REQUEST_METHOD, "PUT")],
        ),
        ("a listed origin", Method::POST, vec![(ORIGIN, APP)]),
    ];
    let trustworthy: Vec<_> = attacks
        .iter()
        .map(|(name, method, headers)| {
            let headers = headers.iter().cloned().chain([(SITE, "same-origin")]);
            (*name, method.clone(), headers.collect())
        })
        .collect();
    attacks.extend(trustworthy);
    attacks
}

/// Sends each attack, and the same requests to the service's own host, which differ in nothing else.
#[track_caller]
fn assert_rebinding_is_stopped(source: &str, layer: &CorsLayer) {
    for (attack, method, headers) in attacks() {
        let rebound: Vec<_> = headers.iter().cloned().chain([(HOST, REBOUND)]).collect();
        let answer = to(layer, method.clone(), &rebound);
        assert!(!answer.reached_the_service, "{source}: {attack}");
        assert_misdirected(&answer);
    }
    let program = to(layer, Method::GET, &[(HOST, OWN)]);
    assert!(program.reached_the_service, "{source}: its own host");
}

#[test]
fn h1_rebinding_is_stopped_for_every_source_of_static_policies() {
    let handle = || PolicyHandle::new(built(local()));
    let replaced = PolicyHandle::new(built(app_only()));
    let public = || built(PolicyBuilder::public());
    let layers = [
        ("one policy", CorsLayer::new(built(local()))),
        (
            "any origin",
            CorsLayer::new(built(
                PolicyBuilder::public()
                    .enforce(Enforcement::Block)
                    .local_hosts(),
            )),
        ),
        (
            "first of a list",
            CorsLayer::new([built(local()), public()]),
        ),
        ("last of a list", CorsLayer::new([public(), built(local())])),
        ("a handle", CorsLayer::new(handle())),
        ("a replaced handle", CorsLayer::new(replaced.clone())),
        (
            "a handle in a list",
            CorsLayer::new(PolicyList::new(public()).then(handle())),
        ),
        ("the layer", CorsLayer::permissive().hosts(HostSet::local())),
        (
            "the layer, blocking",
            CorsLayer::new(built(app_only()))
                .enforce(Enforcement::Block)
                .hosts(HostSet::local()),
        ),
    ];
    replaced.replace(built(local()));
    for (source, layer) in layers {
        assert_rebinding_is_stopped(source, &layer);
    }
}

#[cfg(feature = "path")]
#[test]
fn h1_rebinding_is_stopped_on_paths_that_match_and_on_others() {
    use tower_cors::{PathPolicies, PolicySource};

    let handle = PolicyHandle::new(built(app_only()));
    #[cfg_attr(
        not(feature = "cache"),
        expect(unused_mut, reason = "only lookups are added")
    )]
    let mut sources: Vec<(&str, PolicySource)> = vec![
        ("one policy", built(local()).into()),
        ("a list", [built(local()), built(app_only())].into()),
        ("a replaced handle", handle.clone().into()),
        (
            "a list with a handle",
            PolicyList::new(handle.clone())
                .then(built(app_only()))
                .into(),
        ),
    ];
    #[cfg(feature = "cache")]
    sources.extend([
        ("a lookup", rejecting().into()),
        (
            "a cached list with a handle",
            DynamicPolicies::cached(PolicyList::new(handle.clone())).into(),
        ),
    ]);
    for (name, source) in sources {
        let open = || PolicySource::from(built(app_only()));
        let nested = PathPolicies::new([("/nested", source.clone())]).unwrap();
        for paths in [
            [("/", source.clone()), ("/open", open())],
            [("/unmatched", source), ("/open", open())],
            [("/unmatched", nested.into()), ("/open", open())],
        ] {
            // A handle is replaced after the paths are made.
            handle.replace(built(app_only()));
            let paths = PathPolicies::new(paths).unwrap();
            handle.replace(built(local()));
            assert_rebinding_is_stopped(name, &CorsLayer::new(paths));
        }
    }
}

#[cfg(feature = "cache")]
type Found = Ready<Result<Option<Policy>, &'static str>>;

#[cfg(feature = "cache")]
fn looking_up(found: fn() -> Result<Option<Policy>, &'static str>) -> DynamicPolicies {
    let lookup = move |_: Origin, _: Scope| -> Found { ready(found()) };
    DynamicPolicies::new(lookup)
        .enforce(Enforcement::Block)
        .hosts(HostSet::local())
}

#[cfg(feature = "cache")]
fn rejecting() -> DynamicPolicies {
    looking_up(|| Ok(None))
}

#[cfg(feature = "cache")]
#[test]
fn h1_rebinding_is_stopped_whatever_a_lookup_finds() {
    let of_predicate = |answer: Result<bool, &'static str>| {
        let base = Policy::builder().enforce(Enforcement::Block).local_hosts();
        DynamicPolicies::from_predicate(base, move |_, _| ready(answer)).unwrap()
    };
    for (source, policies) in [
        ("allowed", looking_up(|| Ok(Some(built(app_only()))))),
        (
            "allowed by a policy with hosts",
            looking_up(|| Ok(Some(built(local())))),
        ),
        ("rejected", rejecting()),
        (
            "rejected by a policy",
            looking_up(|| {
                Ok(Some(built(
                    Policy::builder().allow_origins(["https://other.example"]),
                )))
            }),
        ),
        ("failed", looking_up(|| Err("the database is away"))),
        ("panicked", looking_up(|| panic!("the lookup of a test"))),
        ("predicate, allowed", of_predicate(Ok(true))),
        ("predicate, rejected", of_predicate(Ok(false))),
        (
            "predicate, failed",
            of_predicate(Err("the database is away")),
        ),
        (
            "a cached list",
            DynamicPolicies::cached([built(app_only()), built(local())]),
        ),
        (
            "a cached list with a handle",
            DynamicPolicies::cached(
                PolicyList::new(PolicyHandle::new(built(local()))).then(built(app_only())),
            ),
        ),
        (
            "not cached",
            looking_up(|| Err("the database is away"))
                .cache(PolicyCache::builder().capacity(1).build()),
        ),
    ] {
        let layer = CorsLayer::new(policies);
        // The second time the answer is cached.
        for _ in 0..2 {
            assert_rebinding_is_stopped(source, &layer);
        }
    }
    // What a lookup finds is of no use if the layer itself has the hosts.
    let open = DynamicPolicies::new(|_, _| ready(Ok::<_, &str>(Some(built(app_only())))));
    let layer = CorsLayer::new(open).hosts(HostSet::local());
    assert_rebinding_is_stopped("the layer", &layer);
}

#[cfg(feature = "cache")]
#[test]
fn h1_a_looked_up_policy_that_enforces_more_than_its_source_is_a_failed_lookup() {
    let found = || Ok::<_, &str>(Some(built(local())));
    let open = DynamicPolicies::new(move |_, _| ready(found()));
    let preflight = |layer: &CorsLayer| {
        let headers = [
            (HOST, OWN),
            (ORIGIN, APP),
            (ACCESS_CONTROL_REQUEST_METHOD, "PUT"),
        ];
        to(layer, Method::OPTIONS, &headers).status.as_u16()
    };
    for (policies, status) in [
        (open.clone(), 503),
        (open.clone().enforce(Enforcement::Block), 503),
        (open.clone().hosts(HostSet::local()), 503),
        (
            open.clone()
                .enforce(Enforcement::Report)
                .hosts(HostSet::local()),
            503,
        ),
        (
            open.enforce(Enforcement::Block).hosts(HostSet::local()),
            204,
        ),
    ] {
        let policies = policies.cache(PolicyCache::builder().build());
        assert_eq!(preflight(&CorsLayer::new(policies)), status);
    }
}

/// Otherwise an attacker's page could make a service wait for its database, and start lookups of its choice.
#[cfg(feature = "cache")]
#[test]
fn h1_a_request_to_another_host_starts_and_awaits_no_lookup() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    let lookups = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&lookups);
    let hanging = DynamicPolicies::new(move |_: Origin, _: Scope| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::pending::<Result<Option<Policy>, &str>>()
    });
    let of_source = hanging.clone().hosts(HostSet::local());
    #[cfg_attr(
        not(feature = "path"),
        expect(unused_mut, reason = "only paths are added")
    )]
    let mut layers = vec![
        ("the source", CorsLayer::new(of_source.clone())),
        (
            "the source, blocking",
            CorsLayer::new(of_source.enforce(Enforcement::Block)),
        ),
        (
            "the layer",
            CorsLayer::new(hanging.clone()).hosts(HostSet::local()),
        ),
    ];
    #[cfg(feature = "path")]
    {
        let source = hanging.enforce(Enforcement::Block).hosts(HostSet::local());
        let paths = tower_cors::PathPolicies::new([("/", source)]).unwrap();
        layers.push(("a path", CorsLayer::new(paths)));
    }
    for (source, layer) in layers {
        for (attack, method, headers) in attacks() {
            let rebound: Vec<_> = headers.iter().cloned().chain([(HOST, REBOUND)]).collect();
            // It panics if the answer waits.
            let answer = to(&layer, method, &rebound);
            assert_eq!(answer.status, 421, "{source}: {attack}");
        }
    }
    assert_eq!(lookups.load(Ordering::Relaxed), 0);
}

#[test]
fn h1_the_hosts_of_a_layer_stay_if_a_policy_is_replaced_by_one_without() {
    let handle = PolicyHandle::new(built(local()));
    let layer = CorsLayer::new(handle.clone())
        .enforce(Enforcement::Block)
        .hosts(HostSet::local());
    for replaced in [
        built(PolicyBuilder::public()),
        built(app_only()),
        built(app_only().enforce(Enforcement::Report)),
        built(local().hosts(["rebound.evil.example"])),
    ] {
        handle.replace(replaced);
        assert_rebinding_is_stopped("a replaced policy", &layer);
    }
}

#[test]
fn h2_what_proxies_say_of_the_host_is_not_read() {
    let layer = CorsLayer::new(built(local()));
    for (name, value) in [
        ("x-forwarded-host", "localhost"),
        ("forwarded", "host=localhost"),
        ("x-original-host", "localhost"),
        ("x-host", "localhost"),
        ("x-forwarded-server", "localhost"),
        (":authority", "localhost"),
        ("authority", "localhost"),
    ] {
        let Ok(name) = HeaderName::try_from(name) else {
            continue;
        };
        let answer = to(
            &layer,
            Method::GET,
            &[(name.clone(), value), (HOST, REBOUND)],
        );
        assert_misdirected(&answer);
        let answer = to(&layer, Method::GET, &[(name.clone(), REBOUND), (HOST, OWN)]);
        assert!(answer.reached_the_service, "{name}");
        let answer = to(&layer, Method::GET, &[(name, value)]);
        assert_eq!(answer.status, 400);
    }
}

#[test]
fn h2_a_request_that_does_not_name_one_host_gets_400() {
    let layer = CorsLayer::new(built(local()));
    for hosts in [
        vec![],
        vec![OWN, OWN],
        vec![OWN, REBOUND],
        vec![""],
        vec!["user@127.0.0.1:8000"],
        vec!["127.0.0.1:8000, localhost"],
        vec!["127.0.0.1:80000"],
        vec!["127.0.0.1:"],
        vec!["localhost:x"],
        vec!["http://localhost"],
        vec!["localhost/"],
        vec!["[::1"],
        vec!["[::1]x"],
        vec!["[localhost]"],
        vec!["::1"],
        vec!["local host"],
        vec![" "],
        vec!["lo\u{e7}alhost"],
        vec![":8000"],
    ] {
        let headers: Vec<_> = hosts.iter().map(|host| (HOST, *host)).collect();
        let answer = to(&layer, Method::GET, &headers);
        assert!(!answer.reached_the_service, "{hosts:?}");
        assert_eq!(answer.status, 400, "{hosts:?}");
    }
}

#[test]
fn h2_host_must_be_the_host_of_the_target() {
    let layer = CorsLayer::new(built(local()));
    for (target, host, status) in [
        ("http://localhost:8000/", None, 200),
        ("http://localhost:8000/", Some("localhost:8000"), 200),
        ("http://localhost:8000/", Some("LOCALHOST:8000"), 200),
        ("http://localhost:8000/", Some("localhost"), 400),
        ("http://localhost:8000/", Some("127.0.0.1:8000"), 400),
        ("http://localhost:8000/", Some(REBOUND), 400),
        ("http://rebound.evil.example:8000/", Some("localhost"), 400),
        ("http://rebound.evil.example:8000/", None, 421),
        ("http://user@localhost:8000/", None, 400),
        ("/", Some("localhost"), 200),
    ] {
        let mut asked = request(Method::GET, &[]);
        *asked.uri_mut() = target.parse().unwrap();
        if let Some(host) = host {
            asked.headers_mut().insert(HOST, host.parse().unwrap());
        }
        let answer = send_through(&layer, &[], asked);
        assert_eq!(answer.status.as_u16(), status, "{target} {host:?}");
        assert_eq!(answer.reached_the_service, status == 200);
    }
}

#[test]
fn h3_hosts_match_whole_names_without_regard_to_case() {
    for (pattern, host, matches) in [
        ("localhost", "localhost", true),
        ("localhost", "LocalHost:3000", true),
        ("localhost", "localhost.", false),
        ("localhost", "localhost.evil.example", false),
        ("localhost", "notlocalhost", false),
        ("localhost", "a.localhost", false),
        ("localhost", "127.0.0.1", false),
        ("LOCALHOST", "localhost", true),
        ("127.0.0.1", "127.0.0.1:65535", true),
        ("127.0.0.1", "127.0.0.1:65536", false),
        ("127.0.0.1", "127.1", false),
        ("127.0.0.1", "2130706433", false),
        ("[::1]", "[::1]", true),
        ("[::1]", "[::1]:80", true),
        ("[::1]", "[0:0:0:0:0:0:0:1]", false),
        ("[::1]", "::1", false),
        ("mcp.example.com:8443", "mcp.example.com:8443", true),
        ("mcp.example.com:8443", "mcp.example.com", false),
        ("mcp.example.com:8443", "mcp.example.com:443", false),
        ("*.example.com", "a.example.com", true),
        ("*.example.com", "A.b.Example.com:8443", true),
        ("*.example.com", "example.com", false),
        ("*.example.com", ".example.com", false),
        ("*.example.com", "a..example.com", false),
        ("*.example.com", "a.example.com.", false),
        ("*.example.com", "evil.test/.example.com", false),
        ("*.example.com", "user@a.example.com", false),
        ("*.example.com", "evilexample.com", false),
        ("*.example.com:8443", "a.example.com:8443", true),
        ("*.example.com:8443", "a.example.com", false),
    ] {
        let set = HostSet::new([pattern]).unwrap();
        assert_eq!(set.contains(host), matches, "{pattern} {host}");
        // Among many others, where the search is another one.
        let others = (0..50).map(|number| format!("h{number}.example.net"));
        let many = HostSet::new(others.chain([pattern.to_owned()])).unwrap();
        assert_eq!(many.contains(host), matches, "{pattern} {host}");
    }
    let two_ports = HostSet::new(["localhost:1", "localhost:2"]).unwrap();
    assert!(two_ports.contains("localhost:1") && two_ports.contains("localhost:2"));
    assert!(!two_ports.contains("localhost") && !two_ports.contains("localhost:3"));
}

#[test]
fn h3_a_text_that_is_no_host_is_an_error_with_the_host_to_write() {
    for (text, suggestion) in [
        ("https://mcp.example.com/", Some("mcp.example.com")),
        ("user@mcp.example.com", Some("mcp.example.com")),
        ("mcp.example.com.", Some("mcp.example.com")),
        (" mcp.example.com ", Some("mcp.example.com")),
        ("localhost:*", Some("localhost")),
        ("::1", Some("[::1]")),
        ("[0:0:0:0:0:0:0:1]", Some("[::1]")),
        ("", None),
        ("*", None),
        ("*.", None),
        ("mcp.*.com", None),
        ("mcp.example.com:99999", None),
        // Nothing listens there.
        ("mcp.example.com:0", None),
        ("127.0.0.256", None),
        ("m\u{fc}nchen.example", None),
    ] {
        let error = text.parse::<HostPattern>().expect_err(text);
        let suggested = error.suggestion().map(ToString::to_string);
        assert_eq!(suggested.as_deref(), suggestion, "{text}");
        assert!(error.to_string().contains("help: write"), "{error}");
        assert_eq!(error.value(), text);
    }
}

#[test]
fn h3_a_default_port_is_listed_as_browsers_leave_it_out() {
    for (pattern, host, matches) in [
        ("mcp.example.com:443", "mcp.example.com", true),
        ("mcp.example.com:443", "mcp.example.com:443", true),
        ("mcp.example.com:443", "mcp.example.com:80", false),
        ("mcp.example.com:443", "mcp.example.com:8443", false),
        ("localhost:80", "localhost", true),
        ("*.example.com:443", "a.example.com", true),
        ("*.example.com:443", "example.com", false),
    ] {
        let set = HostSet::new([pattern]).unwrap();
        assert_eq!(set.contains(host), matches, "{pattern} {host}");
    }
}

#[test]
fn h3_no_wildcard_stands_for_names_that_an_attacker_can_register() {
    for text in [
        "*.com",
        "*.dev",
        "*.COM:8443",
        "*.github.io",
        "*.vercel.app",
    ] {
        let error = text.parse::<HostPattern>().expect_err(text);
        assert_eq!(
            error.to_string(),
            format!(
                "host `{text}` is invalid: anyone can register a name there, also for DNS rebinding; \
                 help: list your own names, such as `mcp.example.com` or `*.example.com`"
            )
        );
    }
    #[cfg(feature = "public-suffix")]
    "*.co.uk".parse::<HostPattern>().unwrap_err();
    // Nobody can register a name in these domains.
    for text in [
        "*.localhost",
        "*.local",
        "*.internal",
        "*.home.arpa",
        "*.cluster.local",
    ] {
        text.parse::<HostPattern>().expect(text);
    }
    // One name under a public suffix is one owner's.
    for text in ["me.github.io", "*.me.github.io", "com"] {
        text.parse::<HostPattern>().expect(text);
    }
}

#[test]
fn h4_every_mistake_of_hosts_is_reported_when_the_policy_is_built() {
    let errors = |builder: PolicyBuilder| {
        let errors = builder.build().unwrap_err();
        errors.into_iter().collect::<Vec<_>>()
    };
    let blocking = || app_only().enforce(Enforcement::Block);
    let two = errors(blocking().hosts(["a b", "localhost", "https://x"]));
    assert!(matches!(
        two[..],
        [PolicyError::MalformedHost(_), PolicyError::MalformedHost(_)]
    ));
    assert_eq!(errors(blocking().hosts([""; 0])), [PolicyError::NoHosts]);
    assert_eq!(
        errors(app_only().hosts(["localhost"])),
        [PolicyError::HostsWithoutEnforcement]
    );
    assert_eq!(
        errors(app_only().read_only(true)),
        [PolicyError::ReadOnlyWithoutEnforcement]
    );
    let errors = [
        errors(blocking().hosts(["a b"])),
        errors(blocking().hosts([""; 0])),
        errors(app_only().local_hosts()),
        errors(app_only().read_only(true)),
    ]
    .concat();
    let keys: Vec<_> = errors.iter().map(PolicyError::key).collect();
    assert_eq!(keys, ["hosts", "hosts", "enforcement", "enforcement"]);
}

#[test]
fn h5_report_serves_requests_to_other_hosts_and_reports_them() {
    let policy = built(app_only().enforce(Enforcement::Report).local_hosts());
    let layer = CorsLayer::new(policy).explain_in_response(true);
    let answer = to(&layer, Method::GET, &[(HOST, REBOUND), (ORIGIN, APP)]);
    assert!(answer.reached_the_service);
    assert_eq!(
        answer.header("x-cors-decision"),
        Some("rejected; host-not-allowed")
    );
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    let block = layer.enforce(Enforcement::Block);
    let answer = to(&block, Method::GET, &[(HOST, REBOUND), (ORIGIN, APP)]);
    assert_misdirected(&answer);
    assert_eq!(
        answer.header("x-cors-decision"),
        Some("rejected; host-not-allowed")
    );
}

#[test]
fn h5_a_policy_that_reports_does_not_open_the_hosts_of_the_layer() {
    let report = || built(app_only().enforce(Enforcement::Report));
    let status = |layer: CorsLayer, path: &str| {
        let layer = layer.hosts(HostSet::local());
        let mut asked = request(Method::GET, &[(HOST, REBOUND)]);
        *asked.uri_mut() = path.parse().unwrap();
        send_through(&layer, &[], asked).status.as_u16()
    };
    assert_eq!(status(CorsLayer::new(report()), "/"), 421);
    assert_eq!(
        status(CorsLayer::new([built(app_only()), report()]), "/"),
        421
    );
    assert_eq!(
        status(CorsLayer::new(PolicyHandle::new(report())), "/"),
        421
    );
    #[cfg(feature = "path")]
    for path in ["/report", "/other"] {
        let paths = [("/report", report()), ("/off", built(app_only()))];
        let paths = tower_cors::PathPolicies::new(paths).unwrap();
        assert_eq!(status(CorsLayer::new(paths), path), 421, "{path}");
    }
    let trial = CorsLayer::new(report()).enforce(Enforcement::Report);
    assert_eq!(status(trial, "/"), 200);
}

#[cfg(feature = "cache")]
#[test]
fn h5_a_policy_that_reports_does_not_open_the_hosts_of_its_source() {
    let report = || app_only().enforce(Enforcement::Report);
    let handle = PolicyHandle::new(built(app_only().enforce(Enforcement::Block)));
    let replaced = DynamicPolicies::cached(PolicyList::new(handle.clone()));
    let base = Policy::builder().enforce(Enforcement::Report);
    let yes = |_, _| ready(Ok::<_, &str>(true));
    for (source, policies) in [
        ("a list", DynamicPolicies::cached([built(report())])),
        ("a replaced policy", replaced),
        (
            "a base",
            DynamicPolicies::from_predicate(base, yes).unwrap(),
        ),
    ] {
        let to_other = |policies: DynamicPolicies| {
            let layer = CorsLayer::new(policies.hosts(HostSet::local()));
            handle.replace(built(report()));
            to(&layer, Method::GET, &[(HOST, REBOUND)]).status.as_u16()
        };
        assert_eq!(to_other(policies.clone()), 421, "{source}");
        assert_eq!(
            to_other(policies.enforce(Enforcement::Report)),
            200,
            "{source}"
        );
    }
}

#[cfg(feature = "cache")]
#[test]
fn h5_a_layer_that_reports_does_not_open_the_hosts_of_a_lookup() {
    let nobody = DynamicPolicies::new(|_, _| ready(Ok::<Option<Policy>, &str>(None)));
    let source = nobody.hosts(HostSet::local());
    #[cfg_attr(
        not(feature = "path"),
        expect(unused_mut, reason = "only paths are added")
    )]
    let mut layers = vec![CorsLayer::new(source.clone()).enforce(Enforcement::Report)];
    #[cfg(feature = "path")]
    {
        let report = built(app_only().enforce(Enforcement::Report));
        let paths: [(&str, tower_cors::PolicySource); 2] =
            [("/report", report.into()), ("/lookup", source.into())];
        // The request is to a path that no pattern matches.
        layers.push(CorsLayer::new(
            tower_cors::PathPolicies::new(paths).unwrap(),
        ));
    }
    for layer in layers {
        for origin in [None, Some((ORIGIN, APP))] {
            let headers: Vec<_> = [(HOST, REBOUND)].into_iter().chain(origin).collect();
            assert_misdirected(&to(&layer, Method::GET, &headers));
        }
    }
}

#[test]
fn h5_hosts_of_a_list_add_up_and_those_of_the_layer_must_match_too() {
    let at = |host: &str| built(app_only().enforce(Enforcement::Block).hosts([host]));
    let list = CorsLayer::new([at("a.example.com"), at("b.example.com"), built(app_only())]);
    let reaches =
        |layer: &CorsLayer, host| to(layer, Method::GET, &[(HOST, host)]).reached_the_service;
    for (host, reached) in [
        ("a.example.com", true),
        ("b.example.com", true),
        ("c.example.com", false),
    ] {
        assert_eq!(reaches(&list, host), reached, "{host}");
    }
    let narrower = list.hosts(HostSet::new(["b.example.com", "c.example.com"]).unwrap());
    for (host, reached) in [
        ("a.example.com", false),
        ("b.example.com", true),
        ("c.example.com", false),
    ] {
        assert_eq!(reaches(&narrower, host), reached, "{host}");
    }
}

#[cfg(feature = "cache")]
#[test]
fn h5_a_looked_up_policy_can_list_fewer_hosts_than_its_source() {
    let tenant = || Ok::<_, &str>(Some(built(local())));
    let policies = DynamicPolicies::new(move |_, _| ready(tenant()))
        .enforce(Enforcement::Block)
        .hosts(HostSet::new(["localhost", "other.example.com"]).unwrap());
    let layer = CorsLayer::new(policies);
    // The second time the answer is cached.
    for _ in 0..2 {
        for (host, status) in [
            ("localhost", 200),
            ("other.example.com", 421),
            ("127.0.0.1", 421),
        ] {
            let answer = to(&layer, Method::GET, &[(HOST, host), (ORIGIN, APP)]);
            assert_eq!(answer.status.as_u16(), status, "{host}");
        }
    }
}

#[cfg(feature = "cache")]
#[test]
fn h5_hosts_of_a_list_add_up_also_if_its_decisions_are_cached() {
    let at = |host: &str| app_only().enforce(Enforcement::Block).hosts([host]);
    let list = [built(at("a.example.com")), built(at("b.example.com"))];
    let cached = CorsLayer::new(DynamicPolicies::cached(list));
    // The second time the answer is cached.
    for host in ["a.example.com", "b.example.com"].repeat(2) {
        let answer = to(&cached, Method::GET, &[(HOST, host), (ORIGIN, APP)]);
        assert_eq!(answer.status, 200, "{host}");
    }
    let other = [(HOST, "c.example.com"), (ORIGIN, APP)];
    assert_misdirected(&to(&cached, Method::GET, &other));
}

#[cfg(feature = "cache")]
#[test]
fn h5_hosts_of_a_replaced_policy_are_forgotten_also_if_its_decisions_are_cached() {
    let at = |host: &str| built(app_only().enforce(Enforcement::Block).hosts([host]));
    let handle = PolicyHandle::new(at("old.example.com"));
    let policies = DynamicPolicies::cached(PolicyList::new(handle.clone()));
    let layer = CorsLayer::new(policies.clone());
    let reaches =
        |layer: &CorsLayer, host| to(layer, Method::GET, &[(HOST, host)]).reached_the_service;
    assert!(reaches(&layer, "old.example.com"));
    handle.replace(at("new.example.com"));
    assert!(reaches(&layer, "new.example.com"));
    assert!(!reaches(&layer, "old.example.com"));
    // Those of the source replace both.
    let source = CorsLayer::new(policies.hosts(HostSet::local()));
    assert!(reaches(&source, "localhost"));
    assert!(!reaches(&source, "new.example.com"));
}

#[cfg(feature = "cache")]
#[test]
fn h5_hosts_of_a_lookup_replace_those_of_its_base() {
    let base = Policy::builder().enforce(Enforcement::Block).local_hosts();
    let yes = |_, _| ready(Ok::<_, &str>(true));
    let policies = DynamicPolicies::from_predicate(base, yes).unwrap();
    let layer = CorsLayer::new(policies.hosts(HostSet::new(["api.example.com"]).unwrap()));
    for origin in [None, Some((ORIGIN, APP)), Some((ORIGIN, APP))] {
        let to_host = |host| {
            let headers: Vec<_> = [(HOST, host)].into_iter().chain(origin.clone()).collect();
            to(&layer, Method::GET, &headers)
        };
        assert_eq!(to_host("api.example.com").status, 200);
        assert_misdirected(&to_host("localhost"));
    }
}

#[cfg(feature = "cache")]
#[test]
fn h5_a_cached_policy_enforces_what_it_says_also_for_a_clone_of_its_source_that_does_not() {
    let read_only = || {
        let policy = app_only().enforce(Enforcement::Block).read_only(true);
        Ok::<_, &str>(Some(built(policy)))
    };
    let open = DynamicPolicies::new(move |_, _| ready(read_only()));
    let blocking = CorsLayer::new(open.clone().enforce(Enforcement::Block));
    let read = to(&blocking, Method::GET, &[(ORIGIN, APP)]);
    assert_eq!(read.header("access-control-allow-origin"), Some(APP));
    let write = to(&CorsLayer::new(open), Method::POST, &[(ORIGIN, APP)]);
    assert_eq!(
        (write.reached_the_service, write.status.as_u16()),
        (false, 403)
    );
}

#[test]
fn h5_without_hosts_every_host_is_served() {
    for host in [REBOUND, "", "user@x"] {
        let layer = CorsLayer::new(built(app_only().enforce(Enforcement::Block)));
        assert!(to(&layer, Method::GET, &[(HOST, host)]).reached_the_service);
    }
    let layer = CorsLayer::new(built(app_only().enforce(Enforcement::Block)));
    assert!(to(&layer, Method::GET, &[]).reached_the_service);
}

/// What a host is, written without a thought of speed: `(host, port)`, if it is one.
fn naive(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port = match port {
        None => None,
        Some(port) => {
            let number: u16 = port.parse().ok()?;
            // No sign and no leading zero.
            (number.to_string() == port).then_some(())?;
            Some(number)
        }
    };
    Some((host.to_lowercase(), port))
}

proptest! {
    #[test]
    fn h3_a_set_contains_what_a_naive_reading_finds(
        listed in proptest::collection::vec("(\\*\\.)?([abAB]{1,2}\\.){0,2}home(:([1-9][0-9]{0,3}|80|443))?", 1..14),
        text in "[ab.:@*A019\\[\\]-]{0,8}|(\\*\\.)?([abAB]{1,2}\\.){0,3}home(:([0-9]{0,6}|80|443))?",
    ) {
        let set = HostSet::new(&listed).unwrap();
        let expected = naive(&text).is_some_and(|(host, port)| {
            listed.iter().any(|pattern| {
                let (known, known_port) = naive(pattern).unwrap();
                let host_matches = match known.strip_prefix("*.") {
                    None => host == known,
                    Some(base) => host.strip_suffix(base).is_some_and(|labels| {
                        let labels: Vec<_> = labels.split('.').collect();
                        let (last, labels) = labels.split_last().unwrap();
                        let is_label = |label: &&str| {
                            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                        };
                        last.is_empty() && !labels.is_empty() && labels.iter().all(is_label)
                    }),
                };
                let is_default = port.is_none() && matches!(known_port, Some(80 | 443));
                host_matches && (known_port.is_none() || known_port == port || is_default)
            })
        });
        prop_assert_eq!(set.contains(&text), expected);
    }

    #[test]
    fn h3_no_host_makes_the_check_panic(bytes in proptest::collection::vec(32_u8..=255, 0..300)) {
        let Ok(value) = http::HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        let mut asked: Request<()> = request(Method::GET, &[]);
        asked.headers_mut().insert(HOST, value);
        let answer = send_through(&CorsLayer::new(built(local())), &[], asked);
        prop_assert!(answer.reached_the_service || [400, 421].contains(&answer.status.as_u16()));
    }
}
