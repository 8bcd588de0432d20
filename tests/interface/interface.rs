//! The public interface is what `public-interface.txt` lists, so that a change of it is seen and meant.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use public_api::Builder;

/// Set to write the list anew.
const ACCEPT: &str = "ACCEPT_INTERFACE";

#[test]
fn the_public_interface_is_the_one_listed() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).expect("the root of the workspace");
    let target = root.join("target/interface");
    let documented = Command::new(env!("CARGO"))
        .args(["rustdoc", "--locked", "--quiet", "--lib", "--all-features"])
        .args(["--package", "tower-cors", "--target-dir"])
        .arg(&target)
        .args(["--", "-Zunstable-options", "--output-format=json"])
        .current_dir(root)
        // What rustdoc writes for programs is unstable; `public-api` is of the version that reads this compiler's.
        .env("RUSTC_BOOTSTRAP", "1")
        .status()
        .expect("cargo runs");
    assert!(documented.success(), "the crate can be documented");

    let interface = Builder::from_rustdoc_json(target.join("doc/tower_cors.json"))
        .omit_blanket_impls(true)
        .omit_auto_derived_impls(true)
        .omit_auto_trait_impls(false)
        .build()
        .expect("the documentation is of the format that `public-api` reads")
        .to_string();

    let list = here.join("public-interface.txt");
    if env::var_os(ACCEPT).is_some() {
        fs::write(&list, &interface).expect("the list can be written");
    }
    let listed = fs::read_to_string(&list).unwrap_or_default();
    let lines = |of: &str, but_not: &str, sign| {
        of.lines()
            .filter(|line| !but_not.lines().any(|other| other == *line))
            .map(|line| format!("{sign} {line}\n"))
            .collect::<String>()
    };
    let changes = lines(&listed, &interface, '-') + &lines(&interface, &listed, '+');
    assert!(
        changes.is_empty(),
        "the public interface changed; if it is meant, {ACCEPT}=1 accepts it:\n{changes}"
    );
}
