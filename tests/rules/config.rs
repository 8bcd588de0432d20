//! `PolicyConfig`: a policy from a file, with errors that name the key.

use http::Method;
use tower_cors::PolicyConfig;

use crate::support::{APP, EVIL, get, preflight, send};

fn parsed(toml: &str) -> PolicyConfig {
    toml::from_str(toml).unwrap_or_else(|error| panic!("{error}"))
}

const FULL: &str = r#"
    origins = ["https://app.example.com", "https://*.example.com"]
    methods = ["PUT", "DELETE"]
    headers = ["authorization"]
    expose = ["etag"]
    credentials = true
    max_age = 600
    null_origin = false
    private_network = false
    timing = true
    preflight_status = 200
"#;

#[test]
fn every_key_has_its_effect() {
    let policy = parsed(FULL).build().unwrap();
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
    let policy = parsed(FULL)
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
fn errors_of_the_file_name_the_key() {
    for (toml, words) in [
        (
            "origin = \"*\"",
            vec!["unknown field `origin`", "`origins`"],
        ),
        ("expose = [1]", vec!["expose", "string"]),
        ("origins = 5", vec!["origins", "\"*\" or a list of texts"]),
        ("credentials = \"yes\"", vec!["credentials", "boolean"]),
        ("max_age = -1", vec!["max_age"]),
        ("max_age = \"10m\"", vec!["max_age", "10m"]),
        (
            "preflight_status = 99",
            vec!["preflight_status", "99 is no status"],
        ),
    ] {
        let error = toml::from_str::<PolicyConfig>(toml)
            .expect_err(toml)
            .to_string();
        for word in words {
            assert!(error.contains(word), "{word:?} is not in: {error}");
        }
    }
}

#[test]
fn errors_of_the_policy_name_the_key_and_come_at_once() {
    let wrong = r#"
        origins = ["https://app.example.com/", "http://b.com"]
        methods = ["patch"]
        headers = ["cookie"]
        expose = "*"
        credentials = true
        max_age = 90000
        null_origin = true
        preflight_status = 302
    "#;
    let errors = parsed(wrong).build().unwrap_err();
    let keys: Vec<&str> = errors.iter().map(tower_cors::PolicyError::key).collect();
    assert_eq!(
        keys,
        [
            "origins",
            "null_origin",
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
