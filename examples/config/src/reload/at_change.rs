//! When the file changes.

use std::fs;
use std::path::Path;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tower_cors::PolicyHandle;

use crate::reload::reload;

/// Reloads the policy when the content of the file changes, as long as the watcher lives.
pub fn at_change(file: String, handle: PolicyHandle) -> notify::Result<RecommendedWatcher> {
    // Editors and Kubernetes replace the file, which a watch of the file itself would miss.
    let directory = match Path::new(&file).parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => Path::new(".").to_owned(),
    };
    let mut known = fs::read(&file).ok();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Reading the file is an event too.
        if event.is_ok_and(|event| event.kind.is_access()) {
            return;
        }
        let content = fs::read(&file).ok();
        if content != known {
            known = content;
            reload(&file, &handle);
        }
    })?;
    watcher.watch(&directory, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}
