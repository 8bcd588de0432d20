//! Each library reads the same from files and from the environment, and mistakes are reported in the words of the file.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

use tempfile::NamedTempFile;

const TOML: &str = r#"
    [cors]
    origins = ["https://app.example.com", "https://*.example.com"]
    methods = ["PUT"]
    credentials = true
    max_age = 600
    enforcement = "block"
    hosts = ["api.example.com"]
"#;

const YAML: &str = r#"
# A comment.
cors:
  origins:
    - https://app.example.com
    - "https://*.example.com"
  methods: PUT
  credentials: true
  max_age: 600
  enforcement: block
  hosts: [api.example.com]
"#;

const JSON: &str = r#"{"cors": {
    "origins": ["https://app.example.com", "https://*.example.com"],
    "methods": ["PUT"],
    "credentials": true,
    "max_age": 600,
    "enforcement": "block",
    "hosts": ["api.example.com"]
}}"#;

/// The same in variables, behind a prefix.
const VARIABLES: [(&str, &str); 6] = [
    ("ORIGINS", "https://app.example.com, https://*.example.com"),
    ("METHODS", "PUT"),
    ("CREDENTIALS", "true"),
    ("MAX_AGE", "600"),
    ("ENFORCEMENT", "block"),
    ("HOSTS", "api.example.com"),
];

fn written(suffix: &str, text: &str) -> NamedTempFile {
    let file = tempfile::Builder::new().suffix(suffix).tempfile();
    let mut file = file.expect("a temporary file");
    file.write_all(text.as_bytes()).expect("space for it");
    file
}

/// What `read` prints, in a process with this environment and no other.
fn read(library: &str, file: &Path, environment: &[(String, &str)]) -> Result<String, String> {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_read"))
        .arg(library)
        .arg(file)
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .output()
        .expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    if status.success() {
        Ok(text(stdout))
    } else {
        Err(text(stderr))
    }
}

fn named(prefix: &str, variables: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    let variables = variables.iter();
    variables
        .map(|(name, value)| (format!("{prefix}{name}"), *value))
        .collect()
}

#[test]
fn every_library_reads_the_same_policy_from_every_format_and_from_the_environment() {
    let expected = read("serde", written(".toml", TOML).path(), &[]).unwrap();
    assert!(expected.contains("https://*.example.com"), "{expected}");
    for (library, suffix, text) in [
        ("serde", ".yaml", YAML),
        ("serde", ".json", JSON),
        ("config", ".toml", TOML),
        ("config", ".yaml", YAML),
        ("config", ".json", JSON),
        ("figment", ".toml", TOML),
    ] {
        let policy = read(library, written(suffix, text).path(), &[]);
        assert_eq!(policy.as_ref(), Ok(&expected), "{library} {suffix}");
    }
    let other = written(".toml", "[cors]\norigins = \"*\"\ncredentials = false");
    for (library, prefix) in [
        ("config", "SERVICE_CORS__"),
        ("figment", "SERVICE_CORS__"),
        ("envy", "CORS_"),
    ] {
        let policy = read(library, other.path(), &named(prefix, &VARIABLES));
        assert_eq!(policy.as_ref(), Ok(&expected), "{library}");
    }
}

#[test]
fn what_environments_really_hold_is_read_by_every_library() {
    let expected = read("serde", written(".toml", TOML).path(), &[]).unwrap();
    let file = written(".toml", TOML);
    for origins in [
        "https://app.example.com,https://*.example.com,",
        "https://app.example.com https://*.example.com",
        "https://app.example.com;https://*.example.com",
        "https://app.example.com\nhttps://*.example.com\n",
        "\"https://app.example.com\",\"https://*.example.com\"",
        "'https://app.example.com,https://*.example.com'",
        "\"https://app.example.com,https://*.example.com\"",
        "[\"https://app.example.com\",\"https://*.example.com\"]",
    ] {
        for (library, prefix) in [("config", "SERVICE_CORS__"), ("figment", "SERVICE_CORS__")] {
            let mut variables = named(prefix, &VARIABLES[1..]);
            variables.push((format!("{prefix}ORIGINS"), origins));
            let policy = read(library, file.path(), &variables);
            assert_eq!(policy.as_ref(), Ok(&expected), "{library} {origins}");
        }
        let mut variables = named("CORS_", &VARIABLES[1..]);
        variables.push(("CORS_ORIGINS".into(), origins));
        let policy = read("envy", file.path(), &variables);
        assert_eq!(policy.as_ref(), Ok(&expected), "envy {origins}");
    }
}

#[test]
fn every_library_reports_all_mistakes_at_once_with_what_to_write() {
    let file = written(".toml", TOML);
    for (library, prefix) in [
        ("config", "SERVICE_CORS__"),
        ("figment", "SERVICE_CORS__"),
        ("envy", "CORS_"),
    ] {
        let mut variables = named(prefix, &VARIABLES[2..]);
        let wrong = [
            ("ORIGINS", "https://app.example.com/"),
            ("METHOD", "PUT"),
            ("MAX_AGE", "10m"),
            ("CREDENTIALS", "yes"),
        ];
        variables.extend(named(prefix, &wrong));
        let errors = read(library, file.path(), &variables).unwrap_err();
        for sentence in [
            "the CORS policy has 4 mistakes:",
            "method: unknown key; help: write `methods`",
            "max_age: `\"10m\"` is not a number of seconds; help: write `max_age = 600`",
            "credentials: `\"yes\"` is not `true` or `false`",
            "write `https://app.example.com`",
        ] {
            assert!(errors.contains(sentence), "{library}: {sentence}\n{errors}");
        }
    }
}

/// Reads a file of the repository.
fn text_of(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_guide_has_the_code_word_for_word() {
    let guide = text_of("../../docs/configuration.md");
    for file in [
        "src/read/with_config.rs",
        "src/read/with_figment.rs",
        "src/read/with_envy.rs",
        "src/reload/policy.rs",
        "src/reload/at_hangup.rs",
        "src/reload/at_change.rs",
    ] {
        let text = text_of(file);
        let imports = text.find("\nuse ").expect("imports");
        // The imports of this package are those of the reader's own functions.
        let code: String = text[imports + 1..]
            .split_inclusive('\n')
            .filter(|line| !line.starts_with("use crate::"))
            .collect();
        let code = code.replace("\n\n\n", "\n\n");
        assert!(guide.contains(&code), "{file} is not in the guide:\n{code}");
    }
}
