//! A policy's TOML as the Rust code that builds the same.

use std::fmt::Write;

use axum::http::{HeaderName, Method};
use toml::de::{DeTable, DeValue};

/// How an item of a list is written.
type Item = fn(&str) -> String;

/// The expression, for a table that a `PolicyConfig` was built from.
pub(crate) fn builder(table: &DeTable<'_>) -> String {
    let mut code = String::from("Policy::builder()\n");
    let mut call = |method: &str, argument: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(code, "    .{method}({argument})");
    };
    let value = |key: &str| table.get(key).map(|value| value.get_ref());
    let lists: [(&str, &str, &str, Item); 4] = [
        ("origins", "allow_origins", "allow_any_origin", origin),
        ("methods", "allow_methods", "allow_any_method", method),
        ("headers", "allow_headers", "allow_any_header", header),
        ("expose", "expose_headers", "expose_any_header", header),
    ];
    for (key, these, any, item) in lists {
        let items = value(key).map(items).unwrap_or_default();
        match items.as_slice() {
            [] => {}
            ["*"] => call(any, ""),
            items => {
                let items: Vec<String> = items.iter().map(|text| item(text)).collect();
                call(these, &format!("[{}]", items.join(", ")));
            }
        }
    }
    let flags = [
        ("credentials", "allow_credentials"),
        ("null_origin", "allow_null_origin"),
        ("private_network", "allow_private_network"),
        ("timing", "allow_timing"),
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

fn origin(text: &str) -> String {
    format!("{text:?}")
}

fn method(text: &str) -> String {
    let constants = [
        Method::DELETE,
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::PATCH,
        Method::POST,
        Method::PUT,
    ];
    if constants.iter().any(|constant| constant.as_str() == text) {
        format!("Method::{text}")
    } else {
        format!("Method::from_bytes(b{text:?})?")
    }
}

fn header(text: &str) -> String {
    let name: Result<HeaderName, _> = text.parse();
    let name = name.map_or_else(|_| text.to_owned(), |name| name.to_string());
    format!("HeaderName::from_static({name:?})")
}
