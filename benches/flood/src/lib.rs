//! What the programs of this package share.

/// Resident memory in KiB; nothing where the system does not tell.
pub fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|size| size.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap_or_default()
}
