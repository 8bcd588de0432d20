//! The Rust code that builds the policy of a configuration.

use std::fmt::Write;

use serde_json::{Map, Value};
use tower_cors::PolicyConfig;

/// The expression, for a configuration without mistakes.
pub(crate) fn builder(config: &PolicyConfig) -> String {
    // It writes the keys that differ from the default, in one form.
    let keys = match serde_json::to_value(config) {
        Ok(Value::Object(keys)) => keys,
        _ => Map::new(),
    };
    let text = |key: &str| keys.get(key).and_then(Value::as_str);
    let mut code = match text("preset") {
        Some(preset) => format!("PolicyBuilder::{}()\n", preset.replace('-', "_")),
        None => String::from("Policy::builder()\n"),
    };
    let mut call = |method: &str, argument: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(code, "    .{method}({argument})");
    };
    let lists = [
        ("origins", "allow_origins", "allow_any_origin"),
        ("methods", "allow_methods", "allow_any_method"),
        ("headers", "allow_headers", "allow_any_header"),
        ("expose", "expose_headers", "expose_any_header"),
    ];
    let list = |key: &str| {
        keys.get(key)
            .and_then(Value::as_array)
            .map(|list| texts(list))
    };
    for (key, these, any) in lists {
        if text(key) == Some("*") {
            call(any, "");
        } else if list(key).is_some_and(|items| items == ["none"]) && key == "origins" {
            call("allow_no_origin", "");
        } else if let Some(items) = list(key) {
            call(these, &format!("{items:?}"));
        }
    }
    for origin in list("dangerously_allow_insecure_origins").unwrap_or_default() {
        call("dangerously_allow_insecure_origin", &format!("{origin:?}"));
    }
    if let Some(patterns) = list("dangerously_allow_public_suffixes") {
        call("allow_origins", &format!("{patterns:?}"));
        call("dangerously_allow_public_suffixes", "");
    }
    for pattern in list("dangerously_allow_whole_schemes").unwrap_or_default() {
        call("dangerously_allow_whole_scheme", &format!("{pattern:?}"));
    }
    let flags = [
        ("credentials", "allow_credentials"),
        ("null_origin", "allow_null_origin"),
        ("file_origin", "allow_file_origin"),
        ("local_network", "allow_local_network"),
        ("mcp_parameters", "allow_mcp_parameters"),
        ("private_network", "allow_private_network"),
        ("timing", "allow_timing"),
        ("read_only", "read_only"),
    ];
    let flag = |key: &str| keys.get(key).and_then(Value::as_bool);
    for (key, method) in flags {
        if let Some(allow) = flag(key) {
            call(method, &allow.to_string());
        }
    }
    let number = |key: &str| keys.get(key).and_then(Value::as_u64);
    if let Some(seconds) = number("max_age") {
        call("max_age", &format!("Duration::from_secs({seconds})"));
    }
    if let Some(status) = number("preflight_status") {
        call(
            "preflight_status",
            &format!("StatusCode::from_u16({status})?"),
        );
    }
    let enforcement = text("enforcement").map(|name| match name {
        "report" => "Enforcement::Report",
        "block-unsafe" => "Enforcement::BlockUnsafe",
        "block" => "Enforcement::Block",
        _ => "Enforcement::Off",
    });
    if let Some(enforcement) = enforcement {
        call("enforce", enforcement);
    }
    if let Some(hosts) = list("hosts") {
        call("hosts", &format!("{hosts:?}"));
    }
    if let Some(trust) = flag("trust_same_origin") {
        call("trust_same_origin", &trust.to_string());
    }
    code.push_str("    .build()?");
    code
}

fn texts(list: &[Value]) -> Vec<&str> {
    list.iter().filter_map(Value::as_str).collect()
}
