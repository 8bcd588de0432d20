//! A policy's TOML as the Rust code that builds the same.

use std::fmt::Write;

use toml::de::{DeTable, DeValue};

/// The expression, for a table that a `PolicyConfig` was built from.
pub(crate) fn builder(table: &DeTable<'_>) -> String {
    let mut code = String::from("Policy::builder()\n");
    let mut call = |method: &str, argument: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(code, "    .{method}({argument})");
    };
    let value = |key: &str| table.get(key).map(|value| value.get_ref());
    let lists = [
        ("origins", "allow_origins", "allow_any_origin"),
        ("methods", "allow_methods", "allow_any_method"),
        ("headers", "allow_headers", "allow_any_header"),
        ("expose", "expose_headers", "expose_any_header"),
    ];
    for (key, these, any) in lists {
        let items = value(key).map(items).unwrap_or_default();
        match items.as_slice() {
            [] => {}
            ["*"] => call(any, ""),
            items => call(these, &format!("{items:?}")),
        }
    }
    let flags = [
        ("credentials", "allow_credentials"),
        ("null_origin", "allow_null_origin"),
        ("mcp_parameters", "allow_mcp_parameters"),
        ("private_network", "allow_private_network"),
        ("timing", "allow_timing"),
        ("read_only", "read_only"),
    ];
    for (key, method) in flags {
        if value(key).and_then(DeValue::as_bool) == Some(true) {
            call(method, "true");
        }
    }
    let number = |key: &str| {
        let integer = value(key)?.as_integer()?;
        u64::from_str_radix(integer.as_str(), integer.radix()).ok()
    };
    if let Some(seconds) = number("max_age") {
        call("max_age", &format!("Duration::from_secs({seconds})"));
    }
    if let Some(status) = number("preflight_status") {
        call(
            "preflight_status",
            &format!("StatusCode::from_u16({status})?"),
        );
    }
    let enforcement = match value("enforcement").and_then(DeValue::as_str) {
        Some("report") => Some("Enforcement::Report"),
        Some("block-unsafe") => Some("Enforcement::BlockUnsafe"),
        Some("block") => Some("Enforcement::Block"),
        _ => None,
    };
    if let Some(enforcement) = enforcement {
        call("enforce", enforcement);
    }
    if let Some(hosts) = value("hosts") {
        call("hosts", &format!("{:?}", items(hosts)));
    }
    if value("trust_same_origin").and_then(DeValue::as_bool) == Some(false) {
        call("trust_same_origin", "false");
    }
    code.push_str("    .build()?");
    code
}

/// The items of a list, which may be one text with commas.
fn items<'a>(value: &'a DeValue<'_>) -> Vec<&'a str> {
    match (value.as_str(), value.as_array()) {
        (Some(text), _) => text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .collect(),
        (_, Some(array)) => array
            .iter()
            .filter_map(|item| item.get_ref().as_str())
            .map(str::trim)
            .collect(),
        _ => Vec::new(),
    }
}
