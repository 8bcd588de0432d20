//! What people write in files and in the environment: each value works, or the mistake says what to write.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tower_cors::{Enforcement, Policy, PolicyConfig, PolicyError};

/// Builds the policy of keys whose values are texts, as environment variables are.
fn of_texts(keys: &[(&str, &str)]) -> Result<Policy, String> {
    let keys: BTreeMap<_, _> = keys.iter().copied().collect();
    of_json(json!(keys))
}

fn of_json(value: Value) -> Result<Policy, String> {
    let config: PolicyConfig = serde_json::from_value(value).expect("a table of keys");
    config.build().map_err(|errors| errors.to_string())
}

fn of_toml(text: &str) -> Result<Policy, String> {
    let config: PolicyConfig = toml::from_str(text).expect("TOML");
    config.build().map_err(|errors| errors.to_string())
}

/// The builder's policy of these origins and methods.
fn listed(origins: &[&str], methods: &[&str]) -> String {
    let builder = Policy::builder()
        .allow_origins(origins)
        .allow_methods(methods);
    format!("{:?}", builder.build().expect("no mistake"))
}

#[test]
fn the_items_of_a_text_are_found_however_they_are_separated_and_quoted() {
    let expected = listed(
        &["https://a.example", "http://localhost:*"],
        &["PUT", "DELETE"],
    );
    for (origins, methods) in [
        ("https://a.example,http://localhost:*", "PUT,DELETE"),
        ("https://a.example, http://localhost:*,", "PUT, DELETE, "),
        (",https://a.example,,http://localhost:*", ", ,PUT,DELETE"),
        ("https://a.example http://localhost:*", "PUT DELETE"),
        ("https://a.example;http://localhost:*", "PUT; DELETE;"),
        (
            "https://a.example\nhttp://localhost:*\n",
            "PUT\r\nDELETE\r\n",
        ),
        (
            "  https://a.example\t http://localhost:*  ",
            "\tPUT\tDELETE",
        ),
        ("\"https://a.example,http://localhost:*\"", "'PUT,DELETE'"),
        (
            "\"https://a.example\",\"http://localhost:*\"",
            "'PUT', 'DELETE'",
        ),
        (
            "'\"https://a.example http://localhost:*\"'",
            "\" PUT DELETE \"",
        ),
        (
            "[\"https://a.example\",\"http://localhost:*\"]",
            "[\"PUT\", \"DELETE\"]",
        ),
        (
            "[\"https://a.example\", \"http://localhost:*\",]",
            "['PUT', 'DELETE']",
        ),
        (
            "'[\"https://a.example\",\"http://localhost:*\"]'",
            "[\n\"PUT\",\n\"DELETE\"\n]",
        ),
        ("[https://a.example, http://localhost:*]", "[PUT, DELETE]"),
    ] {
        let text = of_texts(&[("origins", origins), ("methods", methods)]);
        assert_eq!(
            text.map(|policy| format!("{policy:?}")).as_ref(),
            Ok(&expected),
            "{origins} {methods}"
        );
        // A template such as `- ${ORIGINS}` makes the text the only item of a list.
        let item = of_json(json!({"origins": [origins, ""], "methods": [methods]}));
        assert_eq!(
            item.map(|policy| format!("{policy:?}")).as_ref(),
            Ok(&expected),
            "[{origins}] [{methods}]"
        );
    }
}

#[test]
fn an_item_of_a_list_has_only_itself_as_an_item() {
    // Found by the fuzzer.
    for text in [
        "a [\"b\"] [\"c\"",
        "'[a]' \"['b']\"",
        "[[[[a]]]]",
        "\"'\"'a'\"'\"",
        "{a, [b]} [{c, d]",
    ] {
        let config: PolicyConfig = serde_json::from_value(json!({"headers": text})).unwrap();
        let written = serde_json::to_value(&config).unwrap();
        let again: PolicyConfig = serde_json::from_value(written).unwrap();
        assert_eq!(again, config, "{text}");
    }
    // However deep it is.
    let deep = "[\"".repeat(2000);
    let config: PolicyConfig = serde_json::from_value(json!({"headers": deep})).unwrap();
    assert!(config.build().is_err());
}

#[test]
fn hosts_in_brackets_are_addresses() {
    for (text, hosts) in [
        ("[::1]", vec!["[::1]"]),
        ("[::1]:8080", vec!["[::1]:8080"]),
        ("[::1],[::2]", vec!["[::1]", "[::2]"]),
        ("[\"[::1]\", \"localhost\"]", vec!["[::1]", "localhost"]),
        ("\"[::1]\", \"[::2]\"", vec!["[::1]", "[::2]"]),
        ("\"[\"[::1]\", \"[::2]\"]\"", vec!["[::1]", "[::2]"]),
        ("[[::1], [::2]]", vec!["[::1]", "[::2]"]),
        (
            "localhost 127.0.0.1 [::1]",
            vec!["localhost", "127.0.0.1", "[::1]"],
        ),
    ] {
        let keys = [("origins", "*"), ("enforcement", "block"), ("hosts", text)];
        let policy = of_texts(&keys).unwrap_or_else(|error| panic!("{text}: {error}"));
        let expected = tower_cors::HostSet::new(hosts).unwrap();
        assert_eq!(policy.hosts(), Some(&expected), "{text}");
    }
}

#[test]
fn a_star_in_any_form_is_any_and_among_others_it_is_a_mistake() {
    for star in ["*", " * ", "\"*\"", "'*'", "[\"*\"]", "*,", "*,*"] {
        let policy = of_texts(&[("origins", star)]).unwrap_or_else(|error| panic!("{error}"));
        assert!(policy.allows_any_origin(), "{star}");
    }
    for (key, sentence) in [
        (
            "origins",
            "origins: `*` allows any origin, so the other origins have no effect; help: write `origins = \"*\"` \
             and no other origins, or remove `*`",
        ),
        (
            "methods",
            "methods: `*` is no method to list; use `methods = \"*\"`",
        ),
        (
            "headers",
            "headers: `*` is no header to list; use `headers = \"*\"`",
        ),
        (
            "expose",
            "expose: `*` is no header to list; use `expose = \"*\"`",
        ),
        ("hosts", "hosts: host `*` is invalid"),
    ] {
        let other = match key {
            "origins" => "https://a.example",
            "hosts" => "a.example",
            _ => "X-A",
        };
        for list in [json!(["*", other]), json!(format!("{other}, *"))] {
            let mut table = json!({"origins": "https://b.example", "enforcement": "block"});
            table[key] = list;
            let error = of_json(table).unwrap_err();
            assert!(error.contains(sentence), "{error}");
            assert!(!error.contains('\n'), "one mistake: {error}");
        }
    }
}

#[test]
fn none_is_an_empty_list_for_every_key_and_no_name() {
    let expected = listed(&["https://a.example"], &[]);
    for none in ["none", "'none'", "[\"none\"]"] {
        let lists = [("methods", none), ("headers", none), ("expose", none)];
        let keys = [[("origins", "https://a.example")].as_slice(), &lists].concat();
        assert_eq!(
            format!("{:?}", of_texts(&keys).unwrap()),
            expected,
            "{none}"
        );
        let operator = Policy::builder()
            .allow_origin("https://a.example")
            .allow_methods_text(none)
            .allow_headers_text(none)
            .expose_headers_text(none);
        assert_eq!(
            format!("{:?}", operator.build().unwrap()),
            expected,
            "{none}"
        );
        let hosts = of_texts(&[
            ("origins", "https://a.example"),
            ("enforcement", "block"),
            ("hosts", none),
        ]);
        let error = hosts.unwrap_err();
        assert!(error.contains("hosts: no host is listed"), "{error}");
    }
    // It narrows a preset.
    let public = of_texts(&[("preset", "public"), ("methods", "none")]).unwrap();
    assert_eq!(public.methods(), tower_cors::Allowed::Only(&[]));
}

#[test]
fn what_a_shell_or_a_template_leaves_empty_allows_nothing() {
    for nothing in ["", " ", ",", " ; ", "\"\"", "[]", "[\"\"]"] {
        for value in [json!(nothing), json!([nothing]), json!([])] {
            let error = of_json(json!({"origins": value})).unwrap_err();
            assert!(error.contains("origins: no origin is allowed"), "{error}");
            let table = json!({"origins": "*", "enforcement": "block", "hosts": value});
            let error = of_json(table).unwrap_err();
            assert!(error.contains("hosts: no host is listed"), "{error}");
            let table = json!({"origins": "*", "methods": value, "headers": value});
            let policy = of_json(table).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(policy.methods(), tower_cors::Allowed::Only(&[]));
        }
    }
}

#[test]
fn a_flag_and_a_number_may_be_texts() {
    for text in ["true", "True", "TRUE", " true ", "\"true\"", "'True'"] {
        let keys = [("origins", "https://a.example"), ("credentials", text)];
        assert!(of_texts(&keys).expect(text).allows_credentials(), "{text}");
    }
    for text in ["false", "False", "\"false\""] {
        let keys = [
            ("origins", "https://a.example"),
            ("enforcement", "block"),
            ("trust_same_origin", text),
        ];
        assert!(!of_texts(&keys).expect(text).trusts_same_origin(), "{text}");
    }
    for text in ["60", " 60 ", "\"60\"", "'60'", "060"] {
        let keys = [
            ("origins", "*"),
            ("max_age", text),
            ("preflight_status", "200"),
        ];
        let policy = of_texts(&keys).expect(text);
        assert_eq!(
            policy.max_age().map(|age| age.as_secs()),
            Some(60),
            "{text}"
        );
    }
    for text in ["block", " block ", "\"block\"", "'block'"] {
        let keys = [("origins", "https://a.example"), ("enforcement", text)];
        let policy = of_texts(&keys).expect(text);
        assert_eq!(policy.enforcement(), Enforcement::Block);
    }
    let keys = [
        ("preset", "\"mcp\""),
        ("origins", "*"),
        ("hosts", "a.example"),
    ];
    assert!(!of_texts(&keys).expect("a preset").trusts_same_origin());
}

/// The sentence of a value that does not fit, without the key.
#[track_caller]
fn mistake(key: &str, value: Value) -> String {
    let mut table = json!({"origins": "https://a.example"});
    table[key] = value;
    let error = of_json(table).unwrap_err();
    let start = format!("the CORS policy has a mistake: {key}: ");
    let sentence = error.strip_prefix(&start);
    sentence.unwrap_or_else(|| panic!("{error}")).to_owned()
}

#[test]
fn a_flag_that_is_neither_true_nor_false_is_never_guessed_at() {
    for key in [
        "credentials",
        "null_origin",
        "private_network",
        "timing",
        "read_only",
        "trust_same_origin",
    ] {
        for (value, seen) in [
            (json!("yes"), "`\"yes\"`"),
            (json!("no"), "`\"no\"`"),
            (json!("on"), "`\"on\"`"),
            (json!("1"), "`\"1\"`"),
            (json!(1), "`1`"),
            (json!(0), "`0`"),
            (json!(""), "`\"\"`"),
            (json!("tru"), "`\"tru\"`"),
            (json!(null), "`null`"),
            (json!([true]), "a list"),
            (json!({"allow": true}), "a table"),
        ] {
            assert_eq!(
                mistake(key, value),
                format!(
                    "{seen} is not `true` or `false`; help: write `{key} = true` or `{key} = false`"
                )
            );
        }
    }
}

#[test]
fn a_max_age_that_is_no_number_of_seconds_says_how_many_seconds_it_means() {
    for (value, seen, line) in [
        (json!("10m"), "`\"10m\"`", "`max_age = 600`"),
        (json!("10 Minutes"), "`\"10 Minutes\"`", "`max_age = 600`"),
        (json!("'2h'"), "`\"'2h'\"`", "`max_age = 7200`"),
        (json!("1.5h"), "`\"1.5h\"`", "`max_age = 5400`"),
        (json!("30s"), "`\"30s\"`", "`max_age = 30`"),
        (json!("5000ms"), "`\"5000ms\"`", "`max_age = 5`"),
        (json!("1d"), "`\"1d\"`", "`max_age = 86400`"),
        (json!(600.0), "`600.0`", "`max_age = 600`"),
        (json!(-1), "`-1`", "`max_age = 0`, which forbids caching"),
        (
            json!("2d"),
            "`\"2d\"`",
            "`max_age = 600`, or leave the key out",
        ),
        (
            json!("-1"),
            "`\"-1\"`",
            "`max_age = 600`, or leave the key out",
        ),
        (
            json!("+60"),
            "`\"+60\"`",
            "`max_age = 600`, or leave the key out",
        ),
        (
            json!("1.2.3s"),
            "`\"1.2.3s\"`",
            "`max_age = 600`, or leave the key out",
        ),
        (
            json!("soon"),
            "`\"soon\"`",
            "`max_age = 600`, or leave the key out",
        ),
        (json!(""), "`\"\"`", "`max_age = 600`, or leave the key out"),
        (json!(0.5), "`0.5`", "`max_age = 600`, or leave the key out"),
        (
            json!(null),
            "`null`",
            "`max_age = 600`, or leave the key out",
        ),
        (
            json!(true),
            "`true`",
            "`max_age = 600`, or leave the key out",
        ),
        (
            json!([600]),
            "a list",
            "`max_age = 600`, or leave the key out",
        ),
        (
            json!({"secs": 600}),
            "a table",
            "`max_age = 600`, or leave the key out",
        ),
    ] {
        assert_eq!(
            mistake("max_age", value),
            format!("{seen} is not a number of seconds; help: write {line}")
        );
    }
    for huge in [json!(u64::MAX), json!("99999999999999999999999")] {
        assert!(mistake("max_age", huge).contains("is longer than the day"));
    }
}

#[test]
fn what_is_no_status_enforcement_preset_or_list_says_what_to_write() {
    for value in [
        json!(99),
        json!(1000),
        json!(70_000),
        json!(-200),
        json!("200 OK"),
        json!(204.0),
    ] {
        let sentence = mistake("preflight_status", value);
        let rest = " is not a status from 200 to 299; help: write `preflight_status = 200`, or leave the key out for 204";
        assert!(sentence.ends_with(rest), "{sentence}");
    }
    for value in [
        json!("Block"),
        json!("true"),
        json!(true),
        json!(""),
        json!(["block"]),
    ] {
        let sentence = mistake("enforcement", value);
        let rest = " is not an enforcement; help: write `enforcement = \"block\"`, `\"block-unsafe\"`, `\"report\"` or \
                    `\"off\"`";
        assert!(sentence.ends_with(rest), "{sentence}");
    }
    for value in [
        json!("strict"),
        json!("Public"),
        json!(""),
        json!(1),
        json!(["mcp"]),
    ] {
        let sentence = mistake("preset", value);
        let rest = " is not a preset; help: write `preset = \"public\"`, or one of `\"localhost\"`, `\"grpc-web\"`, \
                    `\"connect\"`, `\"mcp\"`";
        assert!(sentence.ends_with(rest), "{sentence}");
    }
    for (key, line) in [
        ("origins", "`origins = [\"https://app.example.com\"]`"),
        ("methods", "`methods = [\"PUT\"]`"),
        ("headers", "`headers = [\"content-type\"]`"),
        ("expose", "`expose = [\"etag\"]`"),
        ("hosts", "`hosts = [\"api.example.com\"]`"),
        (
            "dangerously_allow_insecure_origins",
            "`dangerously_allow_insecure_origins = [\"http://nas\"]`",
        ),
        (
            "dangerously_allow_public_suffixes",
            "`dangerously_allow_public_suffixes = [\"https://*.github.io\"]`",
        ),
    ] {
        for (value, seen) in [
            (json!(5), "`5` is not a list of texts"),
            (json!(true), "`true` is not a list of texts"),
            (json!(null), "`null` is not a list of texts"),
            (json!({"allow": []}), "a table is not a list of texts"),
            (json!([1.5]), "`1.5` is not a text"),
            (json!(["a", {"name": "b"}]), "a table is not a text"),
            (json!([["a"]]), "a list is not a text"),
            (json!([null]), "`null` is not a text"),
        ] {
            let mut table = json!({"origins": "https://a.example", "enforcement": "block"});
            table[key] = value;
            let error = of_json(table).unwrap_err();
            let expected =
                format!("the CORS policy has a mistake: {key}: {seen}; help: write {line}");
            assert_eq!(error, expected);
        }
    }
}

#[test]
fn all_mistakes_come_at_once_those_of_names_types_and_the_policy() {
    let error = of_toml(
        r#"
        origin = ["https://a.example"]
        orignis = "https://a.example"
        methods = [1, "PUT", 2]
        headers = ["cookie"]
        max_age = "10m"
        preflight_status = 99
        credentials = "yes"
        enforcement = "Block"
        read_only = true
        frobnicate = true
    "#,
    )
    .unwrap_err();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines[0], "the CORS policy has 10 mistakes:", "{error}");
    for start in [
        "- origin: unknown key; help: write `origins`, or another of `preset`, `origins`, ",
        "- orignis: unknown key; help: write `origins`, or another of ",
        "- frobnicate: unknown key; help: write `preset`, `origins`, ",
        "- methods: `1` is not a text; ",
        "- methods: `2` is not a text; ",
        "- headers: no page can set `cookie`",
        "- max_age: `\"10m\"`",
        "- preflight_status: `99`",
        "- credentials: `\"yes\"`",
        "- enforcement: `\"Block\"`",
    ] {
        let count = lines.iter().filter(|line| line.starts_with(start)).count();
        assert_eq!(count, 1, "{start}\n{error}");
    }
}

#[test]
fn an_unknown_key_names_the_nearest_one() {
    for (key, nearest) in [
        ("origin", "origins"),
        ("Origins", "origins"),
        ("ORIGINS", "origins"),
        ("orignis", "origins"),
        ("allowed_origins", "origins"),
        ("allowOrigins", "origins"),
        ("allow_origin", "origins"),
        ("alowed-origins", "origins"),
        ("method", "methods"),
        ("allow_methods", "methods"),
        ("header", "headers"),
        ("allowed-headers", "headers"),
        ("exposed_headers", "expose"),
        ("exposes", "expose"),
        ("allow_credentials", "credentials"),
        ("credential", "credentials"),
        ("max-age", "max_age"),
        ("maxAge", "max_age"),
        ("max_age_secs", "max_age"),
        ("enforce", "enforcement"),
        ("host", "hosts"),
        ("allowed_hosts", "hosts"),
        ("readonly", "read_only"),
        ("null_origins", "null_origin"),
        ("presets", "preset"),
        (
            "dangerously_allow_insecure_origin",
            "dangerously_allow_insecure_origins",
        ),
    ] {
        let errors = serde_json::from_value::<PolicyConfig>(json!({"null_origin": true, key: 1}));
        let errors = errors.unwrap().build().unwrap_err();
        let error = errors.iter().next().unwrap();
        assert!(
            matches!(error, PolicyError::UnknownKey { nearest: Some(found), .. } if *found == nearest),
            "{key}: {error}"
        );
        assert_eq!(error.key(), key);
        assert!(
            error
                .to_string()
                .starts_with(&format!("`{key}` of the configuration: unknown key"))
        );
    }
    for key in [
        "",
        "x",
        "frobnicate",
        "cors",
        "öäü",
        &"origins".repeat(1000),
    ] {
        let config: PolicyConfig = serde_json::from_value(json!({key: 1, "origins": "*"})).unwrap();
        let errors = config.build().unwrap_err();
        let found = errors.iter().next();
        assert!(
            matches!(found, Some(PolicyError::UnknownKey { nearest: None, .. })),
            "{key}: {errors}"
        );
    }
}

#[test]
fn a_key_that_is_given_twice_is_a_mistake() {
    let json = r#"{"origins": "https://a.example", "origins": "*"}"#;
    let config: PolicyConfig = serde_json::from_str(json).unwrap();
    assert_eq!(
        config.build().unwrap_err().to_string(),
        "the CORS policy has a mistake: origins: the key is given twice; help: remove one of the two"
    );
}

#[test]
fn what_is_no_table_of_keys_is_an_error_of_serde() {
    for value in [
        json!("*"),
        json!(null),
        json!(["https://a.example"]),
        json!(true),
    ] {
        let error = serde_json::from_value::<PolicyConfig>(value)
            .unwrap_err()
            .to_string();
        assert!(
            error.ends_with("expected a CORS policy: a table of keys, such as `origins`"),
            "{error}"
        );
    }
}

#[test]
fn a_long_or_hostile_value_is_cut_and_escaped() {
    let sentence = mistake("credentials", json!("y\u{1b}[31m\n".repeat(1000)));
    assert!(sentence.len() < 400, "{sentence}");
    assert!(!sentence.contains(['\u{1b}', '\n']), "{sentence}");
    let config: PolicyConfig = serde_json::from_value(json!({"a\nb": 1})).unwrap();
    let errors = config.build().unwrap_err().to_string();
    assert!(errors.contains(r"- a\nb: unknown key"), "{errors}");
}

#[test]
fn a_config_with_mistakes_of_names_or_types_does_not_serialize() {
    let config: PolicyConfig = serde_json::from_value(json!({"max_ages": 1})).unwrap();
    let error = serde_json::to_string(&config).unwrap_err().to_string();
    assert!(error.contains("max_ages: unknown key"), "{error}");
}

#[test]
fn a_builder_of_a_config_keeps_its_mistakes() {
    let config: PolicyConfig = serde_json::from_value(json!({"max_age": "10m"})).unwrap();
    let builder = config.into_builder().allow_any_origin();
    let errors = builder.build().unwrap_err().to_string();
    assert_eq!(
        errors,
        "the CORS policy has a mistake: `max_age` of the configuration: `\"10m\"` is not a number of seconds; help: \
         write `max_age = 600`"
    );
}

#[test]
fn dangerous_origins_are_allowed_one_by_one() {
    let of = |insecure: Value| {
        of_json(json!({
            "origins": ["https://a.example", "http://b.example"],
            "credentials": true,
            "dangerously_allow_insecure_origins": insecure,
        }))
    };
    assert!(of(json!(["http://b.example"])).is_ok());
    let policy = of(json!("http://b.example, http://nas, http://192.168.1.7:*")).unwrap();
    for origin in ["http://nas", "http://192.168.1.7:8080", "http://b.example"] {
        assert!(policy.allows(&origin.parse().unwrap()), "{origin}");
    }
    let error = of(json!(["http://nas"])).unwrap_err();
    assert!(
        error.contains("`dangerously_allow_insecure_origins = [\"http://b.example\"]`"),
        "{error}"
    );
    for (value, seen) in [
        (
            "*",
            "`\"*\"` is not an origin pattern; help: write `dangerously_allow_insecure_origins = [\"http://nas\"]`",
        ),
        (
            "http://b.example/",
            "write `dangerously_allow_insecure_origins = [\"http://b.example\"]`",
        ),
        (
            "https://c.example",
            "is not an insecure origin; help: write `origins = [\"https://c.example\"]`",
        ),
        (
            "http://localhost:3000",
            "is not an insecure origin; help: write `origins = [\"http://localhost:3000\"]`",
        ),
    ] {
        let error = of(json!(["http://b.example", value])).unwrap_err();
        assert!(error.contains(seen), "{error}");
    }
}

#[cfg(feature = "public-suffix")]
#[test]
fn public_suffixes_are_allowed_one_by_one() {
    let of = |strangers: Value| {
        of_json(json!({
            "origins": "https://*.github.io",
            "credentials": true,
            "dangerously_allow_public_suffixes": strangers,
        }))
    };
    assert!(of(json!(["https://*.github.io"])).is_ok());
    for (value, seen) in [
        (
            "https://*.vercel.app",
            "`dangerously_allow_public_suffixes = [\"https://*.github.io\"]`",
        ),
        (
            "https://me.github.io",
            "is not a pattern of subdomains; help: write `origins = [\"https://me.github.io\"]`",
        ),
    ] {
        let error = of(json!([value])).unwrap_err();
        assert!(error.contains(seen), "{error}");
    }
}

#[test]
fn whole_schemes_are_allowed_one_by_one() {
    let of = |schemes: Value| {
        of_json(json!({
            "origins": "https://pr-*.example.com, http://localhost:{3000,5173}",
            "credentials": true,
            "dangerously_allow_whole_schemes": schemes,
        }))
    };
    let policy = of(json!("moz-extension://*; app://*")).unwrap();
    for origin in [
        "moz-extension://a",
        "app://.",
        "https://pr-7.example.com",
        "http://localhost:5173",
    ] {
        assert!(policy.allows(&origin.parse().unwrap()), "{origin}");
    }
    for (value, seen) in [
        (
            "https://*",
            "`dangerously_allow_whole_schemes = [\"moz-extension://*\"]`",
        ),
        (
            "app://42",
            "is not a pattern of a whole scheme; help: write `origins = [\"app://42\"]`",
        ),
    ] {
        let error = of(json!([value])).unwrap_err();
        assert!(error.contains(seen), "{error}");
    }
    let listed = of_json(json!({"origins": "moz-extension://*", "credentials": true}));
    let error = listed.unwrap_err();
    assert!(
        error.contains("origins: `moz-extension://*` with credentials"),
        "{error}"
    );
    assert!(
        error.contains("`dangerously_allow_whole_schemes = [\"moz-extension://*\"]`"),
        "{error}"
    );
}

#[test]
fn the_keys_add_to_a_preset_and_replace_its_values() {
    let policy = of_toml(
        r#"
        preset = "mcp"
        origins = "https://inspector.example.com"
        hosts = "mcp.example.com"
        headers = "mcp-param-region"
    "#,
    )
    .unwrap();
    let built = tower_cors::PolicyBuilder::mcp()
        .allow_origin("https://inspector.example.com")
        .hosts(["mcp.example.com"])
        .allow_header("mcp-param-region")
        .build()
        .unwrap();
    assert_eq!(format!("{policy:?}"), format!("{built:?}"));
    let error = of_toml("preset = \"mcp\"\norigins = \"https://a.example\"").unwrap_err();
    assert!(error.contains("hosts: no host is listed"), "{error}");

    let local = of_toml("preset = \"localhost\"").unwrap();
    assert!(local.allows_credentials());
    let local = of_toml("preset = \"localhost\"\ncredentials = false").unwrap();
    assert!(!local.allows_credentials());
    let public = of_toml("preset = \"public\"\nmax_age = 60").unwrap();
    let built = tower_cors::PolicyBuilder::public().max_age(Duration::from_secs(60));
    assert_eq!(
        format!("{public:?}"),
        format!("{:?}", built.build().unwrap())
    );
    for preset in ["grpc-web", "connect"] {
        let text = format!("preset = \"{preset}\"\norigins = \"https://a.example\"\nmax_age = 60");
        let policy = of_toml(&text).unwrap();
        assert_eq!(policy.max_age().map(|age| age.as_secs()), Some(60));
    }
}

/// Values of any type, of characters that configurations are made of.
fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[\\[\\]{}\"', ;*\n\t:/.a-z0-9-]{0,24}",
        "\\PC{0,12}",
        prop::sample::select(vec![
            "*",
            "true",
            "False",
            "600",
            "10m",
            "block",
            "mcp",
            "localhost",
            "public",
            "204",
            "[::1]",
            "PUT",
            "x-a",
            "https://app.example.com",
            "https://*.example.com",
            "http://nas",
            "https://a.example,http://b.example;",
            "[\"https://a.example\"]",
        ])
        .prop_map(str::to_owned),
    ];
    let scalar = prop_oneof![
        4 => text.prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => (0..100_000_u64).prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    scalar.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            1 => inner.prop_map(|value| json!({"a": value})),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_of_any_key_is_read_or_is_a_mistake_and_what_serializes_is_read_back_equal(
        table in prop::collection::btree_map(
            prop_oneof![
                8 => prop::sample::select(crate::config_files::known_keys().into_iter().collect::<Vec<_>>()),
                1 => "\\PC{0,40}",
            ],
            any_value(),
            0..6,
        ),
    ) {
        let config: PolicyConfig = serde_json::from_value(json!(table)).expect("a table of keys");
        let built = config.clone().build();
        if let Err(errors) = &built {
            prop_assert!(!errors.to_string().is_empty());
        }
        match serde_json::to_value(&config) {
            Ok(written) => {
                let again: PolicyConfig = serde_json::from_value(written.clone()).expect("what was written");
                prop_assert_eq!(&again, &config, "{}", written);
                let shown = |built: Result<Policy, _>| built.map(|policy| format!("{policy:?}"));
                prop_assert_eq!(shown(again.build()), shown(built));
            }
            Err(_) => prop_assert!(built.is_err()),
        }
    }
}

#[test]
fn a_preset_with_a_typing_error_is_one_mistake_with_the_nearest_name() {
    for (preset, meant, others) in [
        ("Public", "public", json!({})),
        ("pubic", "public", json!({"methods": "PUT"})),
        ("Localhst", "localhost", json!({})),
        (
            "grpc_web",
            "grpc-web",
            json!({"origins": "https://a.example"}),
        ),
        (
            "mpc",
            "mcp",
            json!({"origins": "https://a.example", "hosts": "a.example"}),
        ),
        // Nothing is near, so the preset may have set anything.
        (
            "strict",
            "public",
            json!({"hosts": "a.example", "read_only": true}),
        ),
    ] {
        let mut keys = others;
        keys["preset"] = json!(preset);
        let error = of_json(keys).unwrap_err();
        assert!(
            error.contains(&format!("write `preset = \"{meant}\"`")),
            "{error}"
        );
        assert!(error.contains("has a mistake:"), "{error}");
    }
    let misnamed = of_json(json!({"presets": "public"})).unwrap_err();
    assert!(misnamed.contains("has a mistake: presets:"), "{misnamed}");
}

#[test]
fn a_message_is_short_however_long_the_configuration_is() {
    let long = "a".repeat(100_000);
    let spaced = "ab,".repeat(30_000) + "\u{1}";
    for text in [
        long.clone(),
        format!("https://{long}"),
        format!("https://{long}.example/{long}"),
        format!("https://a.example:{{{}1}}", "1,".repeat(30_000)),
        format!(
            "http://a.example:{{{}1}}",
            (2..9000).map(|port| format!("{port},")).collect::<String>()
        ),
        format!("*{long}"),
        format!("(ü{long}"),
        format!("access-control-{}", "a".repeat(10_000)),
        spaced,
    ] {
        let table =
            |key: &str| json!({"origins": "https://a.example", "credentials": true, key: [text]});
        for key in [
            "origins",
            "methods",
            "headers",
            "expose",
            "hosts",
            "dangerously_allow_insecure_origins",
            "dangerously_allow_whole_schemes",
            "max_age",
            "credentials",
            "preset",
            "enforcement",
            &text,
        ] {
            if let Err(error) = of_json(table(key)) {
                assert!(error.len() < 16_000, "{} bytes for {key:.20}", error.len());
            }
        }
        let builder = Policy::builder()
            .allow_origin(&*text)
            .allow_method(&*text)
            .allow_header(&*text)
            .expose_headers([&*text])
            .hosts([&*text])
            .allow_credentials(true);
        if let Err(errors) = builder.build() {
            for error in [errors.to_string(), format!("{errors:?}")] {
                assert!(error.len() < 16_000, "{} bytes for {text:.20}", error.len());
            }
        }
    }
}

#[test]
fn thousands_of_mistakes_are_found_at_once_and_the_first_are_shown() {
    let keys: BTreeMap<String, u8> = (0..20_000)
        .map(|number| (format!("orign{number}"), 0))
        .collect();
    let started = std::time::Instant::now();
    let config: PolicyConfig = serde_json::from_value(json!(keys)).expect("a table of keys");
    let errors = config.build().unwrap_err();
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(errors.iter().count(), 20_000);
    let message = errors.to_string();
    assert!(message.contains("has 20000 mistakes:") && message.ends_with("- and 19936 more"));
    assert!(
        message.contains("write `origins`"),
        "the first keys are compared"
    );
    assert!(message.len() < 64 * 1_000, "{}", message.len());
}

#[test]
fn a_list_of_thousands_of_names_is_read_at_once() {
    let names: Vec<String> = (0..20_000).map(|number| format!("x-{number}")).collect();
    let started = std::time::Instant::now();
    let policy = of_json(json!({
        "origins": "https://a.example",
        "headers": names.clone(),
        "methods": names.clone(),
        "expose": names,
    }));
    assert!(
        policy.is_ok() && started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}
