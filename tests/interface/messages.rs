//! What the compiler says of a type that does not fit names the way that works.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// The name, the line of code that does not compile, and what the message must contain.
const CASES: [(&str, &str, &[&str]); 16] = [
    (
        "values",
        "builder().allow_origins(Vec::<http::HeaderValue>::new());",
        &[
            "is not a list of origins as texts",
            ".allow_origin_values(values)",
        ],
    ),
    (
        "value",
        "builder().allow_origin(http::HeaderValue::from_static(\"a\"));",
        &[
            "HeaderValue` is not an origin as text",
            ".allow_origin_values([value])",
        ],
    ),
    (
        "one-origin",
        "builder().allow_origins(\"https://a.com\");",
        &[
            "`&str` is not a list of origins",
            ".allow_origin(origin)",
            ".allow_origins_text(text)",
        ],
    ),
    (
        "origins",
        "builder().allow_origin([\"https://a.com\"]);",
        &["is not an origin as text", ".allow_origins(origins)"],
    ),
    (
        "one-method",
        "builder().allow_methods(http::Method::PUT);",
        &[
            "Method` is not a list of names",
            ".allow_method(name)",
            ".allow_any_method()",
        ],
    ),
    (
        "methods",
        "builder().allow_method([http::Method::PUT]);",
        &["is not a name", ".allow_methods(names)"],
    ),
    (
        "builder",
        "CorsLayer::new(builder());",
        &[
            "`PolicyBuilder` is not a source of policies",
            "builder.build()?",
        ],
    ),
    (
        "policies",
        "CorsLayer::new(vec![Policy::nobody()]);",
        &[
            "is not a source of policies",
            "PolicyList::try_from(policies)?",
        ],
    ),
    (
        "not-clone",
        "is_service(tower_layer::Layer::layer(&CorsLayer::permissive(), Service));",
        &[
            "`Service` is not `Clone`, so a `CorsLayer` cannot wrap it",
            "buffer(64)",
            "BoxCloneSyncService",
        ],
    ),
    (
        "result",
        "CorsLayer::new(builder().build());",
        &["`Result<", "is not a source of policies"],
    ),
    (
        "body",
        "is_service(tower_layer::Layer::layer(&CorsLayer::permissive(), WithBody));",
        &[
            "`Body` is not `Default`, so a `CorsLayer` cannot answer preflights with it",
            "inside of the layer that changes the body",
            "MapResponseBodyLayer::new(axum::body::Body::new)",
        ],
    ),
    (
        "method",
        "tower_layer::Layer::layer(&CorsLayer::permissive(), WithBody).oneshot();",
        &["its trait bounds were not satisfied"],
    ),
    (
        "not-send",
        "DynamicPolicies::new(|_, _| { let rc = std::rc::Rc::new(()); async move { std::future::ready(()).await; \
         drop(rc); Ok::<_, Infallible>(None) } });",
        &["future cannot be sent between threads safely"],
    ),
    (
        "unknown-error",
        "DynamicPolicies::new(|_, _| async { Ok(None) });",
        &["type annotations needed"],
    ),
    (
        "borrowed",
        "fn ours(listed: &[String]) { builder().allow_origins_where(|origin| listed.iter().any(|one| one == origin.as_str())); }",
        &["borrowed data escapes outside of function"],
    ),
    (
        "old-http",
        "is_old_service(tower_layer::Layer::layer(&CorsLayer::permissive(), Service));",
        &["is not implemented for `Cors<"],
    ),
];

#[test]
fn each_message_of_the_compiler_names_the_way_that_works() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).expect("the root of the workspace");
    let package = root.join("target/interface/messages");
    fs::create_dir_all(package.join("src/bin")).expect("a directory");
    let manifest = format!(
        "[package]\nname = \"messages\"\nedition = \"2024\"\n[workspace]\n[dependencies]\nhttp = \"1\"\n\
         old = {{ package = \"http\", version = \"0.2\" }}\n\
         tower-layer = \"0.3\"\ntower-service = \"0.3\"\ntower-cors = {{ path = {:?} }}\n",
        root.display().to_string(),
    );
    fs::write(package.join("Cargo.toml"), manifest).expect("the manifest can be written");
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).expect("the lock can be copied");
    let start = r#"
        #![allow(unused)]
        use std::{convert::Infallible, future::Ready, task::*};
        use tower_cors::{CorsLayer, DynamicPolicies, Policy, PolicyBuilder};
        fn builder() -> PolicyBuilder { Policy::builder() }
        fn is_service(_: impl tower_service::Service<http::Request<()>>) {}
        fn is_old_service(_: impl tower_service::Service<old::Request<()>>) {}
        trait ServiceExt: tower_service::Service<http::Request<()>> + Sized { fn oneshot(self) {} }
        impl<S: tower_service::Service<http::Request<()>>> ServiceExt for S {}
        struct Service;
        #[derive(Clone)]
        struct WithBody;
        struct Body;
        macro_rules! service { ($name:ident, $body:ty) => {
            impl tower_service::Service<http::Request<()>> for $name {
                type Response = http::Response<$body>;
                type Error = Infallible;
                type Future = Ready<Result<Self::Response, Infallible>>;
                fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> { unreachable!() }
                fn call(&mut self, _: http::Request<()>) -> Self::Future { unreachable!() }
            }
        } }
        service!(Service, ());
        service!(WithBody, Body);
    "#
    .trim_start();
    for (name, line, _) in CASES {
        let file = package.join(format!("src/bin/{name}.rs"));
        fs::write(file, format!("{start}fn main() {{ {line} }}\n")).expect("a file can be written");
    }
    for (name, line, words) in CASES {
        let checked = Command::new(env!("CARGO"))
            .args(["check", "--quiet", "--bin", name])
            .arg("--target-dir")
            .arg(root.join("target/interface"))
            .current_dir(&package)
            .output()
            .expect("cargo runs");
        let message = String::from_utf8_lossy(&checked.stderr);
        assert!(!checked.status.success(), "it compiles: {line}");
        for word in words {
            assert!(
                message.contains(word),
                "`{word}` is not said of `{line}`:\n{message}"
            );
        }
    }
}

#[test]
fn each_message_of_the_guide_is_one_of_the_compiler() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(here.join("../../docs/compile-errors.md")).expect("the guide");
    let table = guide.split("\n# ").next().unwrap_or_default();
    let messages: Vec<&str> = table
        .lines()
        .filter_map(|line| {
            let cell = line.strip_prefix("| `")?;
            match cell.strip_prefix('`') {
                Some(cell) => cell.split("``").next(),
                None => cell.split('`').next(),
            }
        })
        .collect();
    assert!(messages.len() > 10, "{messages:?}");
    let produced: Vec<String> = CASES
        .iter()
        .flat_map(|(_, _, words)| words.iter().map(|word| (*word).to_owned()))
        .collect();
    for message in messages {
        let is_produced = produced.iter().any(|word| word.contains(message));
        assert!(is_produced, "no case produces `{message}`");
    }
}
