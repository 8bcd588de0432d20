//! The origins that were loaded last, in a file for the next start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::OFlags;

/// The first word of a file, with the version of its format.
const FORMAT: &str = "tower-cors-origins-1";
/// A file that is larger was not written by this program.
const LARGEST: u64 = 1 << 30;

/// A file with the origins that were loaded last.
///
/// Put it into a directory that only the service can write. A file that another user can have written is not read, nor one
/// that is truncated or damaged, and each write replaces the file as a whole.
#[derive(Clone, Debug)]
pub struct LastKnownGood {
    path: PathBuf,
}

impl LastKnownGood {
    /// The file at this path. It need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Writes origins, and when their read from the source started.
    ///
    /// # Errors
    ///
    /// If a file cannot be written. The earlier file is still there.
    pub fn save(&self, origins: &[String], read_at: SystemTime) -> io::Result<()> {
        // A row with a line break would be two rows of the file, of which the second could be an origin.
        let is_one_line = |origin: &&String| !origin.contains(['\n', '\r']);
        let origins: Vec<&str> = origins
            .iter()
            .filter(is_one_line)
            .map(String::as_str)
            .collect();
        let body = origins.join("\n");
        let read_at = read_at
            .duration_since(UNIX_EPOCH)
            .map_err(io::Error::other)?;
        let head = format!("{} {}", read_at.as_millis(), origins.len());
        let checksum = checksum(&[&head, &body]);
        let directory = match self.path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let new = directory.join(name);
        // An earlier process of the same number may have left one.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        let written = write!(file, "{FORMAT} {head} {checksum:016x}\n{body}")
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&new, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written?;
        File::open(directory)?.sync_all()
    }

    /// Returns the origins, and the time since their read from the source started.
    ///
    /// # Errors
    ///
    /// If there is no file, or none that this program can have written.
    pub fn load(&self) -> io::Result<(Vec<String>, Duration)> {
        let nonblock = OFlags::NONBLOCK.bits().cast_signed();
        let file = OpenOptions::new()
            .read(true)
            // A pipe in the place of the file must not stop the start.
            .custom_flags(nonblock)
            .open(&self.path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() > LARGEST {
            return Err(invalid("it is no file of origins"));
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
            return Err(invalid("another user can have written it"));
        }
        let mut text = String::new();
        file.take(LARGEST).read_to_string(&mut text)?;
        let (head, body) = text.split_once('\n').ok_or_else(damaged)?;
        let words: Vec<&str> = head.split(' ').collect();
        let [FORMAT, read_at, count, expected] = *words.as_slice() else {
            return Err(damaged());
        };
        let actual = checksum(&[&format!("{read_at} {count}"), body]);
        if expected != format!("{actual:016x}") {
            return Err(damaged());
        }
        let origins: Vec<String> = match body {
            "" => Vec::new(),
            body => body.split('\n').map(str::to_owned).collect(),
        };
        if count != origins.len().to_string() {
            return Err(damaged());
        }
        let read_at = Duration::from_millis(read_at.parse().map_err(|_| damaged())?);
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(io::Error::other)?;
        // The clock was set back since, so nobody knows the age.
        let age = now.checked_sub(read_at);
        let age = age.ok_or_else(|| invalid("it is from the future"))?;
        Ok((origins, age))
    }
}

fn damaged() -> io::Error {
    invalid("it is damaged")
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// FNV-1a, which finds damage by accident. That nobody else wrote the file is known from its owner.
fn checksum(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([b'\n']));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
