//! What the compiler says of a type that does not fit names the way that works.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// The name, the line of code that does not compile, and what the message must contain.
const CASES: [(&str, &str, &[&str]); 9] = [
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
            "`HeaderValue` is not an origin as text",
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
            "`Method` is not a list of names",
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
            "`Service` is not `Clone`",
            "buffer(64)",
            "BoxCloneSyncService",
        ],
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
         tower-layer = \"0.3\"\ntower-service = \"0.3\"\ntower-cors = {{ path = {:?} }}\n",
        root.display().to_string(),
    );
    fs::write(package.join("Cargo.toml"), manifest).expect("the manifest can be written");
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).expect("the lock can be copied");
    let start = "#![allow(unused)]\nuse std::{convert::Infallible, future::Ready, task::*};\n\
        use tower_cors::{CorsLayer, Policy, PolicyBuilder};\n\
        fn builder() -> PolicyBuilder { Policy::builder() }\nstruct Service;\n\
        fn is_service(_: impl tower_service::Service<http::Request<()>>) {}\n\
        impl tower_service::Service<http::Request<()>> for Service {\n\
        type Response = http::Response<()>;\ntype Error = Infallible;\n\
        type Future = Ready<Result<Self::Response, Infallible>>;\n\
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> { unreachable!() }\n\
        fn call(&mut self, _: http::Request<()>) -> Self::Future { unreachable!() }\n}\n";
    for (name, line, _) in CASES {
        let file = package.join(format!("src/bin/{name}.rs"));
        fs::write(file, format!("{start}fn main() {{ {line} }}\n")).expect("a file can be written");
    }
    for (name, line, words) in CASES {
        let checked = Command::new(env!("CARGO"))
            .args(["check", "--offline", "--quiet", "--bin", name])
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
