//! Every line of a policy changes an answer, whatever the other lines are. Otherwise it is a mistake, or one of the few
//! cases in `DELIBERATE`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use http::header::{HOST, HeaderName, ORIGIN, UPGRADE};
use http::{Method, Request, StatusCode};
use tower_cors::{CorsLayer, Enforcement, Policy, PolicyBuilder, PolicyErrors};

use crate::support::{APP, Answer, EVIL, preflight, request, send_through};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const OWN: &str = "api.example.com";

/// A setting: the function of the builder with a value that is not the default, and the key of a file with the same value.
struct Setting {
    name: &'static str,
    apply: fn(PolicyBuilder) -> PolicyBuilder,
    /// As JSON. Empty if no key says the same.
    key: (&'static str, &'static str),
}

const fn setting(
    name: &'static str,
    apply: fn(PolicyBuilder) -> PolicyBuilder,
    key: (&'static str, &'static str),
) -> Setting {
    Setting { name, apply, key }
}

/// No key of a file says the same.
const CODE: (&str, &str) = ("", "");

static SETTINGS: &[Setting] = &[
    setting(
        "allow_origins",
        |b| b.allow_origins([APP]),
        ("origins", r#"["https://app.example.com"]"#),
    ),
    setting(
        "allow_any_origin",
        PolicyBuilder::allow_any_origin,
        ("origins", r#""*""#),
    ),
    setting(
        "allow_no_origin",
        PolicyBuilder::allow_no_origin,
        ("origins", r#""none""#),
    ),
    setting(
        "allow_null_origin",
        |b| b.allow_null_origin(true),
        ("null_origin", "true"),
    ),
    setting(
        "allow_file_origin",
        |b| b.allow_file_origin(true),
        ("file_origin", "true"),
    ),
    setting(
        "allow_local_network",
        |b| b.allow_local_network(true),
        ("local_network", "true"),
    ),
    setting(
        "allow_origins_where",
        |b| b.allow_origins_where(|origin| *origin == "https://known.example"),
        CODE,
    ),
    setting(
        "allow_mcp_parameters",
        |b| b.allow_mcp_parameters(true),
        ("mcp_parameters", "true"),
    ),
    setting(
        "allow_methods",
        |b| b.allow_methods(["PUT"]),
        ("methods", r#"["PUT"]"#),
    ),
    setting(
        "allow_any_method",
        PolicyBuilder::allow_any_method,
        ("methods", r#""*""#),
    ),
    setting(
        "allow_headers",
        |b| b.allow_headers(["x-a"]),
        ("headers", r#"["x-a"]"#),
    ),
    setting(
        "allow_any_header",
        PolicyBuilder::allow_any_header,
        ("headers", r#""*""#),
    ),
    setting(
        "expose_headers",
        |b| b.expose_headers(["etag"]),
        ("expose", r#"["etag"]"#),
    ),
    setting(
        "expose_any_header",
        PolicyBuilder::expose_any_header,
        ("expose", r#""*""#),
    ),
    setting(
        "allow_credentials",
        |b| b.allow_credentials(true),
        ("credentials", "true"),
    ),
    setting(
        "max_age",
        |b| b.max_age(std::time::Duration::from_secs(77)),
        ("max_age", "77"),
    ),
    setting(
        "preflight_status",
        |b| b.preflight_status(StatusCode::OK),
        ("preflight_status", "200"),
    ),
    setting(
        "allow_private_network",
        |b| b.allow_private_network(true),
        ("private_network", "true"),
    ),
    setting("allow_timing", |b| b.allow_timing(true), ("timing", "true")),
    setting(
        "enforce",
        |b| b.enforce(Enforcement::Block),
        ("enforcement", r#""block""#),
    ),
    setting(
        "enforce",
        |b| b.enforce(Enforcement::BlockUnsafe),
        ("enforcement", r#""block-unsafe""#),
    ),
    setting(
        "enforce",
        |b| b.enforce(Enforcement::Report),
        ("enforcement", r#""report""#),
    ),
    setting(
        "hosts",
        |b| b.hosts([OWN]),
        ("hosts", r#"["api.example.com"]"#),
    ),
    setting(
        "local_hosts",
        PolicyBuilder::local_hosts,
        ("hosts", r#"["localhost", "127.0.0.1", "[::1]"]"#),
    ),
    setting("read_only", |b| b.read_only(true), ("read_only", "true")),
    setting(
        "trust_same_origin",
        |b| b.trust_same_origin(false),
        ("trust_same_origin", "false"),
    ),
    setting(
        "dangerously_allow_insecure_origin",
        |b| b.dangerously_allow_insecure_origin("http://nas"),
        ("dangerously_allow_insecure_origins", r#"["http://nas"]"#),
    ),
    setting(
        "dangerously_allow_whole_scheme",
        |b| b.dangerously_allow_whole_scheme("moz-extension://*"),
        (
            "dangerously_allow_whole_schemes",
            r#"["moz-extension://*"]"#,
        ),
    ),
    setting(
        "dangerously_allow_insecure_origins",
        PolicyBuilder::dangerously_allow_insecure_origins,
        CODE,
    ),
    setting(
        "dangerously_allow_public_suffixes",
        PolicyBuilder::dangerously_allow_public_suffixes,
        CODE,
    ),
    setting(
        "dangerously_allow_file_origin_with_credentials",
        PolicyBuilder::dangerously_allow_file_origin_with_credentials,
        CODE,
    ),
    setting(
        "dangerously_allow_any_origin_with_credentials",
        PolicyBuilder::dangerously_allow_any_origin_with_credentials,
        CODE,
    ),
];

/// The lines that change no answer, and why that is no mistake: the line, the other line beside which it changes nothing
/// (`""`: beside every other one), and the reason.
const DELIBERATE: &[(&str, &str, &str)] = &[
    // What accepts a danger lifts a mistake, and allows nothing by itself.
    ("dangerously_allow_insecure_origins", "", "lifts a mistake"),
    ("dangerously_allow_public_suffixes", "", "lifts a mistake"),
    (
        "dangerously_allow_file_origin_with_credentials",
        "",
        "lifts a mistake",
    ),
    // An operator can list no origin. What origins may do then waits for the first one.
    (
        "allow_methods",
        "allow_no_origin",
        "an operator's list of origins can be empty",
    ),
    (
        "allow_any_method",
        "allow_no_origin",
        "an operator's list of origins can be empty",
    ),
    (
        "allow_headers",
        "allow_no_origin",
        "an operator's list of origins can be empty",
    ),
    (
        "allow_any_header",
        "allow_no_origin",
        "an operator's list of origins can be empty",
    ),
    (
        "allow_mcp_parameters",
        "allow_no_origin",
        "an operator's list of origins can be empty",
    ),
    (
        "expose_headers",
        "allow_no_origin",
        "an operator's list of origins can be empty",
    ),
    (
        "expose_any_header",
        "allow_no_origin",
        "an operator's list of origins can be empty",
    ),
    (
        "allow_credentials",
        "allow_no_origin",
        "an operator's list of origins can be empty",
    ),
    (
        "max_age",
        "allow_no_origin",
        "an operator's list of origins can be empty",
    ),
    (
        "preflight_status",
        "allow_no_origin",
        "an operator's list of origins can be empty",
    ),
    (
        "allow_private_network",
        "allow_no_origin",
        "an operator's list of origins can be empty",
    ),
    (
        "allow_timing",
        "allow_no_origin",
        "an operator's list of origins can be empty",
    ),
    (
        "read_only",
        "allow_no_origin",
        "an operator's list of origins can be empty",
    ),
    (
        "allow_origins_where",
        "dangerously_allow_any_origin_with_credentials",
        "it replaces a predicate, as its documentation says",
    ),
    (
        "allow_credentials",
        "dangerously_allow_any_origin_with_credentials",
        "the name has it already",
    ),
];

/// The functions of the builder that are not settings of their own, and the one that stands for them.
const SAME: &[(&str, &str)] = &[
    ("allow_origin", "allow_origins"),
    ("allow_origin_values", "allow_origins"),
    ("allow_origins_text", "allow_origins"),
    ("allow_method", "allow_methods"),
    ("allow_methods_text", "allow_methods"),
    ("allow_header", "allow_headers"),
    ("allow_headers_text", "allow_headers"),
    ("expose_header", "expose_headers"),
    ("expose_headers_text", "expose_headers"),
];

/// What starts or ends a builder.
const NO_SETTINGS: &[&str] = &[
    "builder",
    "build",
    "build_skipping_harmless",
    "permissive",
    "nobody",
    "public",
    "localhost",
    "grpc_web",
    "connect",
    "mcp",
];

/// What pages and programs of every kind send.
fn requests() -> Vec<Request<()>> {
    let pages = [
        APP,
        EVIL,
        "null",
        "file://",
        "https://known.example",
        "http://known.example",
        "http://192.168.1.7:5173",
        "http://nas",
        "moz-extension://0a0b0c0d-0000-4000-8000-000000000000",
        "http://localhost:3000",
    ];
    let mut requests = Vec::new();
    for (page, host) in pages
        .iter()
        .flat_map(|page| [(page, OWN), (page, "localhost")])
    {
        let asking = |method: &str, headers: &str| {
            let mut asked = preflight(page, method, headers);
            asked.headers_mut().insert(HOST, host.parse().unwrap());
            asked
        };
        let headers = [(HOST, host), (ORIGIN, page)];
        requests.push(request(Method::GET, &headers));
        requests.push(request(Method::POST, &headers));
        requests.push(asking("PUT", "x-a,mcp-param-region"));
        let mut private = asking("GET", "");
        let name = HeaderName::from_static("access-control-request-private-network");
        private.headers_mut().insert(name, "true".parse().unwrap());
        requests.push(private);
    }
    for headers in [
        vec![(HOST, OWN)],
        vec![(HOST, "localhost")],
        vec![(HOST, "rebound.evil.example")],
        vec![(HOST, OWN), (SITE, "cross-site")],
        vec![
            (HOST, OWN),
            (ORIGIN, "https://api.example.com"),
            (SITE, "same-origin"),
        ],
        vec![(HOST, OWN), (ORIGIN, "null"), (SITE, "same-origin")],
        vec![(HOST, "localhost"), (ORIGIN, "null"), (SITE, "same-origin")],
        vec![(HOST, OWN), (ORIGIN, EVIL), (UPGRADE, "websocket")],
    ] {
        for method in [Method::GET, Method::POST] {
            requests.push(request(method, &headers));
        }
    }
    requests
}

fn answers(policy: Policy) -> Vec<Answer> {
    let layer = CorsLayer::new(policy).explain_in_response(true);
    let requests = requests().into_iter();
    requests
        .map(|asked| send_through(&layer, &[], asked))
        .collect()
}

/// Every set of at most so many settings, by their places, without two values of one setting.
fn sets(most: usize) -> Vec<Vec<usize>> {
    let mut sets = vec![vec![]];
    let mut last = sets.clone();
    for _ in 0..most {
        let larger = last.iter().flat_map(|set: &Vec<usize>| {
            let first = set.last().map_or(0, |last| last + 1);
            let is_new = |place: &usize| {
                let name = SETTINGS[*place].name;
                set.iter().all(|other| SETTINGS[*other].name != name)
            };
            let places = (first..SETTINGS.len()).filter(is_new);
            places
                .map(|place| set.iter().copied().chain([place]).collect())
                .collect::<Vec<_>>()
        });
        last = larger.collect();
        sets.extend(last.iter().cloned());
    }
    sets
}

type Start = fn() -> PolicyBuilder;
type Built = BTreeMap<Vec<usize>, Vec<Answer>>;

/// Builds every set that has no mistake, and asks it everything.
fn built(
    most: usize,
    start: Start,
    build: impl Fn(&[usize], PolicyBuilder) -> Result<Policy, PolicyErrors>,
) -> Built {
    let sets = sets(most).into_iter();
    let built = sets.filter_map(|set| {
        build(&set, start())
            .ok()
            .map(|policy| (set, answers(policy)))
    });
    built.collect()
}

fn by_code(set: &[usize], start: PolicyBuilder) -> Result<Policy, PolicyErrors> {
    let lines = set.iter().map(|place| SETTINGS[*place].apply);
    lines.fold(start, |builder, apply| apply(builder)).build()
}

/// Returns the lines that change nothing, each with those beside it, and notes which reasons were needed.
fn silent_lines(built: &Built, reasons: &mut BTreeSet<usize>) -> Vec<String> {
    let mut silent = Vec::new();
    for (set, answers) in built {
        for place in set {
            let others: Vec<usize> = set.iter().copied().filter(|other| other != place).collect();
            if built.get(&others) != Some(answers) {
                continue;
            }
            let name = SETTINGS[*place].name;
            let names: Vec<&str> = others.iter().map(|other| SETTINGS[*other].name).collect();
            let reason = DELIBERATE.iter().position(|(line, beside, _)| {
                *line == name && (beside.is_empty() || names.contains(beside))
            });
            match reason {
                Some(reason) => _ = reasons.insert(reason),
                None => silent.push(format!("{name} beside {names:?}")),
            }
        }
    }
    silent
}

#[test]
fn every_line_changes_an_answer_or_is_a_mistake() {
    let mut reasons = BTreeSet::new();
    let built = built(3, Policy::builder, by_code);
    assert!(built.len() > 1000, "{}", built.len());
    let silent = silent_lines(&built, &mut reasons);
    assert!(
        silent.is_empty(),
        "{} lines:\n{}",
        silent.len(),
        silent.join("\n")
    );
    let idle: Vec<_> = (0..DELIBERATE.len())
        .filter(|reason| !reasons.contains(reason))
        .collect();
    let idle: Vec<_> = idle.into_iter().map(|reason| DELIBERATE[reason]).collect();
    assert!(idle.is_empty(), "no longer needed: {idle:?}");
}

/// The lines that change no answer of a preset, because the preset says the same.
const OF_PRESETS: &[(&str, &str)] = &[
    ("public", "allow_any_origin"),
    ("public", "allow_any_method"),
    ("public", "allow_any_header"),
    ("public", "expose_any_header"),
    ("localhost", "allow_any_method"),
    ("localhost", "allow_any_header"),
    ("localhost", "allow_credentials"),
    ("mcp", "allow_mcp_parameters"),
    ("mcp", "enforce"),
    ("mcp", "trust_same_origin"),
];

#[test]
fn every_line_changes_an_answer_of_each_preset_or_is_a_mistake() {
    let presets: [(&str, Start); 5] = [
        ("public", PolicyBuilder::public),
        ("localhost", PolicyBuilder::localhost),
        ("grpc_web", PolicyBuilder::grpc_web),
        ("connect", PolicyBuilder::connect),
        ("mcp", PolicyBuilder::mcp),
    ];
    let (mut silent, mut said) = (BTreeSet::new(), BTreeSet::new());
    for (preset, start) in presets {
        // That of MCP needs an origin and a host.
        let most = if preset == "mcp" { 3 } else { 2 };
        let built = built(most, start, by_code);
        assert!(built.len() > 100, "{preset}: {}", built.len());
        for line in silent_lines(&built, &mut BTreeSet::new()) {
            let name = line.split(' ').next().unwrap_or_default();
            match OF_PRESETS.iter().find(|row| **row == (preset, name)) {
                Some(row) => _ = said.insert(row),
                None => _ = silent.insert(format!("{preset}: {line}")),
            }
        }
    }
    let silent: Vec<_> = silent.into_iter().collect();
    assert!(
        silent.is_empty(),
        "{} lines:\n{}",
        silent.len(),
        silent.join("\n")
    );
    assert_eq!(said.len(), OF_PRESETS.len(), "needed: {said:?}");
}

#[test]
fn every_setter_of_the_builder_is_among_the_lines() {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy");
    let mut files = vec![policy.join("builder.rs"), policy.join("preset.rs")];
    let parts = fs::read_dir(policy.join("builder")).expect("the parts of the builder");
    files.extend(parts.map(|part| part.expect("a file").path()));
    let sources: String = files
        .iter()
        .map(|file| fs::read_to_string(file).expect("a source"))
        .collect();
    let functions = sources.lines().filter_map(|line| {
        let rest = line.trim_start().strip_prefix("pub fn ")?;
        rest.find(['(', '<']).map(|end| rest[..end].to_owned())
    });
    let known = SETTINGS.iter().map(|setting| setting.name);
    let known: BTreeSet<_> = known
        .chain(SAME.iter().map(|(name, _)| *name))
        .chain(NO_SETTINGS.iter().copied())
        .collect();
    let missing: Vec<_> = functions
        .filter(|name| !known.contains(name.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[cfg(feature = "serde")]
#[test]
fn a_file_has_the_same_mistakes_and_answers_as_the_builder() {
    let mut compared = 0;
    for set in sets(3) {
        let keys: Vec<_> = set.iter().map(|place| SETTINGS[*place].key).collect();
        let names: BTreeSet<_> = keys.iter().map(|(key, _)| *key).collect();
        if keys.contains(&CODE) || names.len() < keys.len() {
            continue;
        }
        let lines = keys
            .iter()
            .map(|(key, value)| format!("\"{key}\": {value}"));
        let file = format!("{{{}}}", lines.collect::<Vec<_>>().join(", "));
        let config: tower_cors::PolicyConfig = serde_json::from_str(&file).unwrap();
        let (of_file, of_code) = (config.build(), by_code(&set, Policy::builder()));
        match (of_file, of_code) {
            (Ok(of_file), Ok(of_code)) => assert_eq!(answers(of_file), answers(of_code), "{file}"),
            (Err(of_file), Err(of_code)) => {
                let keys = |errors: &PolicyErrors| {
                    errors
                        .iter()
                        .map(|error| error.key().to_owned())
                        .collect::<BTreeSet<_>>()
                };
                assert_eq!(keys(&of_file), keys(&of_code), "{file}");
            }
            (of_file, of_code) => panic!("{file}\n{of_file:?}\n{of_code:?}"),
        }
        compared += 1;
    }
    assert!(compared > 1000, "{compared}");
}
