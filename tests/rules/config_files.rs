//! `PolicyConfig`: a policy from a file, with errors that name the key.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde::de::{DeserializeOwned, IgnoredAny};
use tower_cors::{Enforcement, Origin, OriginPattern, Policy, PolicyConfig, PolicyError};

use crate::support::{APP, EVIL, get, preflight, send};

fn parsed(toml: &str) -> PolicyConfig {
    toml::from_str(toml).unwrap_or_else(|error| panic!("{error}"))
}

const FULL: &str = r#"
    preset = "localhost"
    origins = ["https://app.example.com", "https://*.example.com"]
    methods = ["PUT", "DELETE"]
    headers = ["authorization"]
    expose = ["etag"]
    credentials = true
    max_age = 600
    null_origin = false
    file_origin = false
    local_network = false
    mcp_parameters = true
    private_network = false
    timing = true
    preflight_status = 200
    enforcement = "block"
    hosts = ["api.example.com"]
    read_only = false
    trust_same_origin = true
    dangerously_allow_insecure_origins = ["http://nas"]
    dangerously_allow_public_suffixes = ["https://*.github.io"]
    dangerously_allow_whole_schemes = ["moz-extension://*"]
"#;

/// A file with many keys, without a preset.
const LISTS: &str = r#"
    origins = ["https://app.example.com", "https://*.example.com"]
    methods = ["PUT", "DELETE"]
    headers = ["authorization"]
    expose = ["etag"]
    credentials = true
    max_age = 600
    mcp_parameters = true
    timing = true
    preflight_status = 200
"#;

/// The keys that the message about an unknown one lists.
pub(crate) fn known_keys() -> BTreeSet<String> {
    let error = parsed("unknown = 1").build().unwrap_err().to_string();
    let listed = error
        .lines()
        .find_map(|line| line.strip_prefix("- unknown: "));
    // unknown key; help: write `preset`, `origins`, ...
    let listed = listed.unwrap_or_else(|| panic!("{error}"));
    let keys = listed.split('`').skip(1).step_by(2);
    keys.map(str::to_owned).collect()
}

#[test]
fn the_complete_files_have_every_key() {
    let known = known_keys();
    assert!(known.len() >= 17, "{known:?}");
    for file in [
        FULL,
        include_str!("../playground/every-key.toml"),
        include_str!("../../fuzz/seeds/configuration/all.toml"),
    ] {
        let table: BTreeMap<String, IgnoredAny> = toml::from_str(file).unwrap();
        let keys: BTreeSet<String> = table.into_keys().collect();
        assert_eq!(keys, known, "{file}");
        parsed(file).build().unwrap();
    }
}

#[test]
fn every_key_has_its_effect() {
    let policy = parsed(LISTS).build().unwrap();
    let answer = send(policy.clone(), preflight(APP, "PUT", "authorization"));
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("PUT,DELETE")
    );
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("authorization")
    );
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    let answer = send(policy.clone(), preflight(APP, "PUT", "mcp-param-a"));
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("authorization,mcp-param-a")
    );
    let answer = send(policy, get("https://any.example.com"));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(answer.header("access-control-expose-headers"), Some("etag"));
    assert_eq!(
        answer.header("timing-allow-origin"),
        Some("https://any.example.com")
    );

    let null = parsed("null_origin = true\nprivate_network = true")
        .build()
        .unwrap();
    assert_eq!(
        send(null, get("null")).header("access-control-allow-origin"),
        Some("null")
    );
    let file = parsed("file_origin = true").build().unwrap();
    assert_eq!(
        send(file, get("file://")).header("access-control-allow-origin"),
        Some("file://")
    );
}

#[test]
fn a_star_is_any() {
    for star in [r#""*""#, r#"["*"]"#, r#"" * ""#] {
        let any = parsed(&format!(
            "origins = {star}\nmethods = {star}\nheaders = {star}\nexpose = {star}"
        ));
        let policy = any.build().unwrap();
        let answer = send(policy.clone(), preflight(EVIL, "PUT", "x-a"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("*"));
        assert_eq!(
            answer.header("access-control-allow-headers"),
            Some("*, authorization")
        );
        assert_eq!(
            send(policy, get(EVIL)).header("access-control-expose-headers"),
            Some("*")
        );
    }
}

#[test]
fn a_list_may_be_one_text_with_commas() {
    let policy = parsed(r#"origins = "https://app.example.com, https://evil.example""#)
        .build()
        .unwrap();
    for origin in [APP, EVIL] {
        assert!(
            policy
                .decide(&Method::GET, get(origin).headers())
                .is_allowed()
        );
    }
    assert!(parsed(r#"origins = """#).build().is_err());
}

#[test]
fn json_is_read_as_toml_is() {
    let config: PolicyConfig = serde_json::from_str(
        r#"{"origins": ["https://app.example.com"], "methods": "*", "credentials": true}"#,
    )
    .unwrap();
    let answer = send(config.build().unwrap(), preflight(APP, "PATCH", ""));
    assert_eq!(answer.header("access-control-allow-methods"), Some("PATCH"));
}

#[test]
fn a_config_is_a_builder_to_go_on_with() {
    let policy = parsed(LISTS)
        .into_builder()
        .allow_methods([Method::PATCH])
        .build()
        .unwrap();
    let answer = send(policy, preflight(APP, "PUT", ""));
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("PUT,DELETE,PATCH")
    );
}

#[test]
fn errors_of_the_policy_name_the_key_and_come_at_once() {
    let wrong = r#"
        origins = ["https://app.example.com/", "http://b.com"]
        methods = ["patch", "P:"]
        headers = "cookie, x-tenant:"
        expose = "*"
        credentials = true
        max_age = 90000
        null_origin = true
        file_origin = true
        preflight_status = 302
    "#;
    let errors = parsed(wrong).build().unwrap_err();
    let keys: Vec<&str> = errors.iter().map(PolicyError::key).collect();
    assert_eq!(
        keys,
        [
            "origins",
            "methods",
            "headers",
            "null_origin",
            "file_origin",
            "origins",
            "expose",
            "methods",
            "headers",
            "max_age",
            "preflight_status"
        ]
    );
    let sentences = errors.to_string();
    for (line, key) in sentences.lines().skip(1).zip(keys) {
        assert!(line.starts_with(&format!("- {key}: ")), "{line}");
    }
    let one = parsed("origins = \"nonsense\"")
        .build()
        .unwrap_err()
        .to_string();
    assert!(
        one.starts_with("the CORS policy has a mistake: origins: `nonsense`"),
        "{one}"
    );
}

#[test]
fn a_name_that_is_none_is_a_mistake_of_the_policy_with_the_line_of_the_file() {
    for (toml, sentence) in [
        (
            "methods = [\"PUT:\"]",
            r#"methods: method `PUT:` is invalid: unexpected character at byte 3; help: write each name by itself, as in `methods = ["PUT"]`"#,
        ),
        (
            "headers = \"x=token\"",
            r#"headers: header name `x=token` is invalid: unexpected character at byte 1; help: write each name by itself, as in `headers = ["content-type"]`"#,
        ),
        (
            "expose = [\"etag:\"]",
            r#"expose: header name `etag:` is invalid: unexpected character at byte 4; help: write each name by itself, as in `expose = ["etag"]`"#,
        ),
    ] {
        let config = parsed(&format!("origins = \"*\"\n{toml}"));
        let errors = config.build().unwrap_err().to_string();
        assert_eq!(
            errors,
            format!("the CORS policy has a mistake: {sentence}"),
            "{toml}"
        );
    }
}

#[test]
fn a_config_is_written_as_it_is_read() {
    for toml in [
        FULL,
        LISTS,
        "",
        "origins = \"*\"\nmethods = \"*\"\nheaders = \"*\"\nexpose = \"*\"",
        "origins = \"https://a.com, https://b.com\"\nmax_age = 0",
        "null_origin = true\nprivate_network = true\nmethods = [\"P:T\", \"*\"]",
        "preset = \"mcp\"\ntrust_same_origin = true\nenforcement = \"report\"\nhosts = []",
    ] {
        let config = parsed(toml);
        let json = serde_json::to_string(&config).unwrap();
        let read: PolicyConfig = serde_json::from_str(&json).unwrap();
        assert_eq!(read, config, "{json}");
    }
}

#[test]
fn a_config_writes_only_what_differs_from_the_default() {
    for (toml, json) in [
        ("credentials = false\nmethods = []", "{}"),
        (
            "preset = \"localhost\"\ncredentials = true",
            r#"{"preset":"localhost"}"#,
        ),
        (
            "preset = \"mcp\"\nenforcement = \"off\"\ntiming = \"True\"",
            r#"{"preset":"mcp","timing":true,"enforcement":"off"}"#,
        ),
        (
            "origins = [\"*\"]\nmethods = \"PUT, DELETE\"\nmax_age = 0\npreflight_status = 200",
            r#"{"origins":"*","methods":["PUT","DELETE"],"max_age":0,"preflight_status":200}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&parsed(toml)).unwrap(), json);
    }
}

#[test]
fn configs_are_equal_if_every_key_is() {
    assert_eq!(
        parsed("origins = \"https://a.com, https://b.com\""),
        parsed("origins = [\"https://a.com\", \"https://b.com\"]\ntiming = false"),
    );
    let keys = [
        "origins = \"*\"",
        "methods = \"*\"",
        "headers = \"*\"",
        "expose = \"*\"",
        "credentials = true",
        "max_age = 0",
        "null_origin = true",
        "file_origin = true",
        "mcp_parameters = true",
        "private_network = true",
        "timing = true",
        "preflight_status = 204",
        "enforcement = \"block\"",
        "hosts = \"a.example\"",
        "read_only = true",
        "trust_same_origin = false",
        "preset = \"mcp\"",
        "dangerously_allow_insecure_origins = [\"http://nas\"]",
        "dangerously_allow_public_suffixes = [\"https://*.github.io\"]",
        "dangerously_allow_whole_schemes = [\"moz-extension://*\"]",
        "unknown = 1",
    ];
    for key in keys {
        assert_ne!(parsed(key), PolicyConfig::default(), "{key}");
    }
}

#[test]
fn errors_are_equal_if_their_mistakes_are_whether_from_code_or_from_a_file() {
    let of_file = parsed("").build().unwrap_err();
    let of_code = Policy::builder().build().unwrap_err();
    assert_eq!(of_file, of_code);
    assert_ne!(of_file.to_string(), of_code.to_string());
    assert_ne!(of_file, parsed("origins = \"a\"").build().unwrap_err());
}

/// Reads a value from JSON, and writes it again.
fn rewritten<T: DeserializeOwned + serde::Serialize>(json: &str) -> Result<String, String> {
    let value: T = serde_json::from_str(json).map_err(|error| error.to_string())?;
    Ok(serde_json::to_string(&value).unwrap())
}

#[test]
fn origins_patterns_and_enforcement_are_read_and_written_as_text() {
    for (rewrite, json) in [
        (
            rewritten::<Origin> as fn(&str) -> _,
            r#""https://app.example.com:8443""#,
        ),
        (rewritten::<Origin>, r#""null""#),
        (rewritten::<OriginPattern>, r#""https://*.example.com:*""#),
        (rewritten::<Enforcement>, r#""off""#),
        (rewritten::<Enforcement>, r#""report""#),
        (rewritten::<Enforcement>, r#""block""#),
    ] {
        assert_eq!(rewrite(json).as_deref(), Ok(json));
    }
}

#[test]
fn a_text_that_is_none_of_them_is_an_error_with_the_value_and_what_to_write() {
    for (rewrite, json, words) in [
        (
            rewritten::<Origin> as fn(&str) -> Result<String, String>,
            r#""https://App.example.com/""#,
            "`https://App.example.com/` is not an origin: upper-case letter at byte 8: browsers send origins in lower \
             case; write `https://app.example.com`",
        ),
        (
            rewritten::<Origin>,
            r#""https://*.example.com""#,
            "`https://*.example.com` is not an origin: unexpected `*` at byte 8",
        ),
        (
            rewritten::<Origin>,
            r#""https://a\nb.com""#,
            r"`https://a\nb.com` is not an origin",
        ),
        (
            rewritten::<OriginPattern>,
            r#""*.example.com""#,
            "`*.example.com` is not an origin pattern: no scheme at byte 0: an origin starts with a scheme and `://`, \
             such as `https://`; write `https://*.example.com`",
        ),
        (
            rewritten::<Enforcement>,
            r#""Block""#,
            "enforcement `Block` is unknown; help: write `off`, `report`, `block-unsafe` or `block`",
        ),
        (rewritten::<Origin>, "5", "expected a string"),
        (rewritten::<OriginPattern>, "5", "expected a string"),
        (rewritten::<Enforcement>, "5", "expected a string"),
    ] {
        let error = rewrite(json).expect_err(json);
        assert!(error.contains(words), "{words:?} is not in: {error}");
    }
}

#[test]
fn a_file_can_express_all_protection() {
    let policy = parsed(
        r#"
        origins = "*"
        enforcement = "block-unsafe"
        hosts = ["api.example.com", "*.example.com"]
        read_only = true
        trust_same_origin = false
    "#,
    )
    .build()
    .unwrap();
    assert_eq!(policy.enforcement(), Enforcement::BlockUnsafe);
    let hosts = policy.hosts().unwrap();
    assert!(hosts.contains("a.example.com") && !hosts.contains("example.com"));
    assert!(policy.is_read_only() && !policy.trusts_same_origin());

    let local = r#"
        origins = ["https://app.example.com"]
        enforcement = "block"
        hosts = "localhost, 127.0.0.1, [::1]"
    "#;
    let hosts = parsed(local).build().unwrap().hosts().cloned();
    assert_eq!(hosts, Some(tower_cors::HostSet::local()));

    let open = parsed(r#"origins = "*""#).build().unwrap();
    assert_eq!((open.enforcement(), open.hosts()), (Enforcement::Off, None));
    assert!(!open.is_read_only() && open.trusts_same_origin());
}

#[test]
fn mistakes_of_protection_name_the_key_and_the_line_of_the_file() {
    for (toml, words) in [
        ("hosts = []", "hosts: no host is listed"),
        ("hosts = \"*\"", "hosts: host `*` is invalid"),
        ("hosts = [\"https://a.example\"]", "write `a.example`"),
        (
            "hosts = []",
            r#"`hosts = ["localhost", "127.0.0.1", "[::1]"]`"#,
        ),
    ] {
        let toml = format!("origins = \"*\"\nenforcement = \"block\"\n{toml}");
        let errors = parsed(&toml).build().unwrap_err().to_string();
        assert!(errors.contains(words), "{errors}");
    }
    for toml in ["hosts = [\"a.example\"]", "read_only = true"] {
        let toml = format!("origins = \"*\"\n{toml}");
        let errors = parsed(&toml).build().unwrap_err().to_string();
        let line = "`enforcement = \"block\"`";
        assert!(
            errors.contains("enforcement: ") && errors.contains(line),
            "{errors}"
        );
    }
}

#[test]
fn protection_that_is_read_is_what_is_written() {
    let config = parsed(
        r#"
        origins = "*"
        enforcement = "block"
        hosts = ["a.example"]
        read_only = true
        trust_same_origin = false
    "#,
    );
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<PolicyConfig>(&text).unwrap(), config);
    for key in ["enforcement", "hosts", "read_only", "trust_same_origin"] {
        assert!(text.contains(key), "{text}");
    }
}
