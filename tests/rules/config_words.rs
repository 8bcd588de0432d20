//! A file can say what the builder can, and hears of its mistakes in its own words.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use http::{HeaderName, Method, StatusCode};
use serde_json::json;
use tower_cors::{HostPattern, OriginPattern, Policy, PolicyBuilder, PolicyConfig, PolicyError};

/// The text of the files of the builder.
fn sources() -> String {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy");
    let mut files = vec![policy.join("builder.rs"), policy.join("preset.rs")];
    let parts = fs::read_dir(policy.join("builder")).expect("the parts of the builder");
    files.extend(parts.map(|part| part.expect("a file").path()));
    let texts = files
        .iter()
        .map(|file| fs::read_to_string(file).expect("a text file"));
    texts.collect()
}

/// The public functions of the builder and of the presets.
fn builder_functions() -> BTreeSet<String> {
    let sources = sources();
    let names = sources.lines().filter_map(|line| {
        let rest = line.trim_start().strip_prefix("pub fn ")?;
        let end = rest.find(['(', '<'])?;
        Some(rest[..end].to_owned())
    });
    names.collect()
}

/// Every public function of the builder, and the keys of a file that do the same, or why none does.
const SETTERS: &[(&str, Result<&str, &str>)] = &[
    ("allow_origin", Ok("origins")),
    ("allow_origins", Ok("origins")),
    ("allow_any_origin", Ok("origins")),
    ("allow_null_origin", Ok("null_origin")),
    ("allow_file_origin", Ok("file_origin")),
    ("allow_local_network", Ok("local_network")),
    ("allow_mcp_parameters", Ok("mcp_parameters")),
    (
        "dangerously_allow_file_origin_with_credentials",
        Err("no operator should say it: it lets every file that a user opens act as the user"),
    ),
    (
        "allow_origins_where",
        Err("a function is code: `into_builder` takes it"),
    ),
    ("allow_method", Ok("methods")),
    ("allow_methods", Ok("methods")),
    ("allow_any_method", Ok("methods")),
    ("allow_header", Ok("headers")),
    ("allow_headers", Ok("headers")),
    ("allow_any_header", Ok("headers")),
    ("expose_header", Ok("expose")),
    ("expose_headers", Ok("expose")),
    ("expose_any_header", Ok("expose")),
    ("allow_credentials", Ok("credentials")),
    ("max_age", Ok("max_age")),
    ("preflight_status", Ok("preflight_status")),
    ("allow_private_network", Ok("private_network")),
    ("allow_timing", Ok("timing")),
    ("enforce", Ok("enforcement")),
    ("hosts", Ok("hosts")),
    // As `hosts = ["localhost", "127.0.0.1", "[::1]"]`.
    ("local_hosts", Ok("hosts")),
    ("read_only", Ok("read_only")),
    ("trust_same_origin", Ok("trust_same_origin")),
    (
        "dangerously_allow_insecure_origin",
        Ok("dangerously_allow_insecure_origins"),
    ),
    (
        "dangerously_allow_insecure_origins",
        Err("a file allows insecure origins one by one"),
    ),
    (
        "dangerously_allow_any_origin_with_credentials",
        Err("no operator should say it: it lets every site act as the users"),
    ),
    ("allow_no_origin", Ok("origins")),
    ("allow_origin_values", Ok("origins")),
    ("allow_origins_text", Ok("origins")),
    ("allow_methods_text", Ok("methods")),
    ("allow_headers_text", Ok("headers")),
    ("expose_headers_text", Ok("expose")),
    (
        "nobody",
        Err("a policy, not a builder; `origins = \"none\"` is the same"),
    ),
    (
        "build_skipping_harmless",
        Err("reads what is set, and sets nothing"),
    ),
    (
        "dangerously_allow_public_suffixes",
        Ok("dangerously_allow_public_suffixes"),
    ),
    (
        "dangerously_allow_whole_scheme",
        Ok("dangerously_allow_whole_schemes"),
    ),
    ("public", Ok("preset")),
    ("localhost", Ok("preset")),
    ("grpc_web", Ok("preset")),
    ("connect", Ok("preset")),
    ("mcp", Ok("preset")),
    (
        "permissive",
        Err("a policy, not a builder; `preset = \"public\"` is the same"),
    ),
    ("builder", Err("every file starts with it")),
    ("build", Err("reads what is set, and sets nothing")),
];

#[test]
fn every_setter_of_the_builder_has_a_key_or_a_reason() {
    let named: BTreeMap<&str, _> = SETTERS.iter().copied().collect();
    let functions = builder_functions();
    assert!(functions.len() > 25, "{functions:?}");
    let missing: Vec<_> = functions
        .iter()
        .filter(|name| !named.contains_key(name.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "neither a key nor a reason: {missing:?}"
    );
    let gone: Vec<_> = named
        .keys()
        .filter(|name| !functions.contains(**name))
        .collect();
    assert!(gone.is_empty(), "the builder has no {gone:?}");

    let known = crate::config_files::known_keys();
    let keys: BTreeSet<String> = named
        .values()
        .filter_map(|key| key.ok().map(str::to_owned))
        .collect();
    assert_eq!(keys, known, "the keys of a file are those of the setters");
}

#[test]
fn every_setter_is_in_the_table_of_the_builder() {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy");
    let text = fs::read_to_string(policy.join("builder.rs")).expect("a text file");
    let rows: String = text
        .lines()
        .filter(|line| line.starts_with("/// | ["))
        .collect();
    let no_setters = [
        "builder",
        "build",
        "build_skipping_harmless",
        "nobody",
        "permissive",
        "public",
        "localhost",
        "grpc_web",
        "connect",
        "mcp",
    ];
    for name in builder_functions() {
        let is_listed = rows.contains(&format!("[`{name}`](Self::{name})"));
        assert_ne!(is_listed, no_setters.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn every_preset_of_the_builder_is_one_of_a_file() {
    let presets = SETTERS.iter().filter(|(_, key)| *key == Ok("preset"));
    for (preset, _) in presets {
        let table = json!({"preset": preset.replace('_', "-")});
        let config: PolicyConfig = serde_json::from_value(table).unwrap();
        let errors = config.build().err();
        let unfit = errors
            .iter()
            .flatten()
            .find(|error| error.key() == "preset");
        assert_eq!(unfit, None, "{preset}");
    }
}

/// The names of the variants of `PolicyError`, from its source: no other crate can match them all.
fn variants() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy/error.rs");
    let source = fs::read_to_string(source).expect("the source of the errors");
    let start = source.find("pub enum PolicyError {").expect("the errors");
    let body = &source[start..];
    let body = &body[..body.find("\n}").expect("its end")];
    let names = body.lines().filter_map(|line| {
        let name = line.strip_prefix("    ")?;
        let first = name.chars().next()?;
        let end = name.find(|c: char| !c.is_ascii_alphanumeric())?;
        first.is_ascii_uppercase().then(|| name[..end].to_owned())
    });
    names.collect()
}

/// The name of a mistake's variant.
fn variant(error: &PolicyError) -> String {
    let text = format!("{error:?}");
    let end = text.find(|c: char| !c.is_ascii_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}

/// A mistake of each kind and, if its words differ, of each value.
fn mistakes() -> Vec<PolicyError> {
    let header = |name: &str| name.parse::<HeaderName>().unwrap();
    let pattern = |text: &str| text.parse::<OriginPattern>();
    let builders = [
        Policy::builder()
            .allow_origin("https://*.vercel.app")
            .allow_credentials(true),
        Policy::builder().allow_method("put").allow_any_origin(),
        Policy::builder()
            .allow_any_origin()
            .allow_methods(["P*", "any"])
            .allow_headers(["x-amz-*", "all"])
            .expose_headers(["x-amz-*", "all"]),
    ];
    let built = builders
        .into_iter()
        .filter_map(|builder: PolicyBuilder| builder.build().err());
    let config = json!({"orign": 1, "frobnicate": 1, "origins": 1, "max_age": "10m", "hosts": [1], "enforcement": "x",
        "credentials": 1, "preset": "x", "preflight_status": 1, "methods": 1, "headers": 1, "expose": 1,
        "dangerously_allow_insecure_origins": "x", "dangerously_allow_public_suffixes": "x",
        "dangerously_allow_whole_schemes": "x"});
    let config: PolicyConfig = serde_json::from_value(config).unwrap();
    let mut mistakes = vec![
        PolicyError::NoOrigins,
        PolicyError::FileOriginWithCredentials,
        PolicyError::LocalNetworkWithCredentials,
        PolicyError::MalformedPattern(pattern("null").unwrap_err()),
        PolicyError::MalformedPattern(pattern("*").unwrap_err()),
        PolicyError::MalformedPattern(pattern("none").unwrap_err()),
        PolicyError::MalformedPattern(pattern("file:///page.html").unwrap_err()),
        PolicyError::MalformedPattern(pattern("192.168.1.*").unwrap_err()),
        PolicyError::MalformedPattern(pattern("^https://a").unwrap_err()),
        PolicyError::MalformedPattern(pattern("https://a.example https://b.example").unwrap_err()),
        PolicyError::MalformedPattern(pattern("0.0.0.0:3000").unwrap_err()),
        PolicyError::MalformedPattern(pattern("https://A.example/").unwrap_err()),
        PolicyError::MalformedPattern(pattern("https://*").unwrap_err()),
        PolicyError::MalformedPattern(pattern("*://a.example").unwrap_err()),
        PolicyError::AnyOriginBesideOthers,
        PolicyError::OriginsBesideLookup,
        PolicyError::NobodyBesideOthers,
        PolicyError::BlankEntry("origins"),
        PolicyError::BlankEntry("expose"),
        PolicyError::AnyBesideList("methods"),
        PolicyError::AnyOriginWithCredentials,
        PolicyError::NullOriginWithCredentials,
        PolicyError::InsecureOriginWithCredentials(pattern("http://a.example").unwrap()),
        PolicyError::WholeSchemeWithCredentials(pattern("moz-extension://*").unwrap()),
        PolicyError::PredicateAcceptsStrangers("https://a.example".into()),
        PolicyError::PredicatePanics("https://a.example".into()),
        PolicyError::MalformedMethod("P T".into()),
        PolicyError::ForbiddenMethod(Method::TRACE),
        PolicyError::WildcardMethod,
        PolicyError::MalformedRequestHeader("x y".into()),
        PolicyError::ForbiddenRequestHeader(header("cookie")),
        PolicyError::ForbiddenRequestHeader(header("access-control-allow-origin")),
        PolicyError::WildcardRequestHeader,
        PolicyError::MalformedExposedHeader("x y".into()),
        PolicyError::ForbiddenExposedHeader(header("set-cookie")),
        PolicyError::WildcardExposedHeader,
        PolicyError::AnyExposedHeaderWithCredentials,
        PolicyError::MaxAgeTooLong(100_000),
        PolicyError::SnapshotWithoutMaxAge,
        PolicyError::PreflightStatus(StatusCode::FOUND),
        PolicyError::MalformedHost("*".parse::<HostPattern>().unwrap_err()),
        PolicyError::NoHosts,
        PolicyError::HostsWithoutEnforcement,
        PolicyError::ReadOnlyWithoutEnforcement,
        PolicyError::MethodOfReadOnly(Method::PUT),
        PolicyError::EnforcementOfAnyOrigin,
        PolicyError::DistrustOfAnyOrigin,
        PolicyError::DistrustWithoutEnforcement,
        PolicyError::McpParametersBesideAnyHeader,
        PolicyError::RepeatedKey("origins"),
    ];
    mistakes.extend(config.build().unwrap_err());
    mistakes.extend(built.flatten());
    mistakes
}

#[test]
fn no_mistake_names_a_function_of_the_builder_in_a_file() {
    // Names that are also words or keys count only if they are called.
    let functions = builder_functions();
    let keys = crate::config_files::known_keys();
    let is_word = |name: &str| !name.contains('_') || keys.contains(name);
    let mistakes = mistakes();
    for mistake in &mistakes {
        let text = mistake.in_config().to_string();
        let words: Vec<&str> = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .collect();
        for function in &functions {
            let is_named = !is_word(function) && words.contains(&function.as_str());
            let is_called =
                text.contains(&format!(".{function}(")) || text.contains(&format!("`{function}("));
            assert!(!is_named && !is_called, "`{function}` in: {text}");
        }
        for word in ["into_builder", "call `", "Duration", "StatusCode", "::"] {
            let addresses = text.replace("[::1]", "");
            assert!(!addresses.contains(word), "`{word}` in: {text}");
        }
    }
    let covered: BTreeSet<String> = mistakes.iter().map(variant).collect();
    assert_eq!(covered, variants());
}

#[test]
fn every_mistake_of_a_file_names_a_key_that_it_can_have() {
    let known = crate::config_files::known_keys();
    for mistake in mistakes() {
        let is_known = known.contains(mistake.key());
        let is_unknown = matches!(mistake, PolicyError::UnknownKey { .. });
        assert!(is_known != is_unknown, "{}: {mistake}", mistake.key());
    }
}
