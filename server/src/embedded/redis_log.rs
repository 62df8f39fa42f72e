//! The log of the private Redis, `redis.log` in the data directory, and the reason it gives for a failed start.

use super::data_dir::DataDir;
use anyhow::{Context, Result};
use hallpass_admin::error::cannot;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// The part of the log that begins with this start.
pub struct RedisLog {
    path: PathBuf,
    start: u64,
}

impl RedisLog {
    /// Opens the log before a redis-server starts, which then appends to it.
    pub fn open(directory: &DataDir) -> Result<(Self, File)> {
        let path = directory.path("redis.log");
        let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
        let opened = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
        let (start, file) = opened.with_context(cannot("open", &path))?;
        Ok((Self { path, start }, file))
    }

    /// Returns why Redis did not start, as far as its log says.
    pub fn reason(&self) -> String {
        let text = self.read().unwrap_or_default();
        reason(&text).unwrap_or_else(|| format!("{} does not say why", self.path.display()))
    }

    fn read(&self) -> io::Result<String> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The messages of Redis after a module failed to load.
const NOT_LOADED: [&str; 3] = ["failed to load", "initialization failed", "Can't load module"];

/// What Redis says before the name and the fault of a setting that the module refuses.
const REFUSED_SETTING: &str = "Issue during loading of configuration ";
/// What Redis says when the module does not know a setting, which it does not name.
const UNKNOWN_SETTING: &str = "Module Configuration detected without loadmodule directive";

/// Returns the decisive line: a refused setting, the module's own error, a mistake in the configuration, or the last
/// warning.
fn reason(log: &str) -> Option<String> {
    if let Some((_, refused)) = log.split_once(REFUSED_SETTING) {
        return Some(refused.lines().next().unwrap_or_default().replacen(" : ", " ", 1));
    }
    if log.contains(UNKNOWN_SETTING) {
        return Some("a name given with --set is not a setting of the module".into());
    }
    if let Some(index) = log.find("*** FATAL CONFIG FILE ERROR") {
        return Some(log[index..].trim_end().to_owned());
    }
    let warnings: Vec<_> = log.lines().filter_map(|line| Some(line.split_once(" # ")?.1)).collect();
    let not_loaded = warnings.iter().position(|line| NOT_LOADED.iter().any(|words| line.contains(words)));
    let line = match not_loaded {
        Some(index) if index > 0 && warnings[index - 1].starts_with("<hallpass>") => {
            warnings.get(index - 1).copied()
        }
        Some(index) => warnings.get(index).copied(),
        None => warnings.last().copied().or_else(|| log.lines().rfind(|line| !line.trim().is_empty())),
    };
    line.map(|line| line.trim_start_matches("<hallpass>").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{UNKNOWN_SETTING, reason};

    const PREFIX: &str = "71:M 30 Jul 2026 12:00:00.000";

    #[test]
    fn the_module_speaks_for_itself() {
        let log = format!(
            "{PREFIX} # WARNING Memory overcommit must be enabled!\n\
             {PREFIX} # <hallpass> keyring.json: readable by others\n\
             {PREFIX} # Module /m.so initialization failed. Module not loaded\n\
             {PREFIX} # Can't load module from /m.so: server aborting\n"
        );
        assert_eq!(reason(&log).as_deref(), Some("keyring.json: readable by others"));
    }

    #[test]
    fn a_setting_that_is_refused_or_unknown_is_told_apart() {
        let log = format!(
            "{PREFIX} # Issue during loading of configuration hallpass.access-ttl : argument must be between 1 and 86400\n\
             {PREFIX} # <hallpass> a hallpass.* setting is refused\n"
        );
        assert_eq!(reason(&log).as_deref(), Some("hallpass.access-ttl argument must be between 1 and 86400"));
        let log = format!("{PREFIX} # {UNKNOWN_SETTING} or no ApplyConfig call: aborting\n");
        assert!(reason(&log).is_some_and(|reason| reason.contains("--set")));
    }

    #[test]
    fn a_missing_module_is_named() {
        let log = format!(
            "{PREFIX} # WARNING Memory overcommit must be enabled!\n\
             {PREFIX} # Module /m.so failed to load: /m.so: cannot open shared object file\n\
             {PREFIX} # Can't load module from /m.so: server aborting\n"
        );
        assert_eq!(
            reason(&log).as_deref(),
            Some("Module /m.so failed to load: /m.so: cannot open shared object file")
        );
    }

    #[test]
    fn a_mistake_in_the_configuration_is_told_whole() {
        let log = "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the file, at line 3\n>>> 'x'\nBad directive\n";
        assert!(reason(log).is_some_and(|reason| reason.ends_with("Bad directive")));
    }

    #[test]
    fn else_the_last_warning_or_the_last_line_has_to_do() {
        let log = format!("{PREFIX} * Ready\n{PREFIX} # Bad file format\n{PREFIX} * Bye\n");
        assert_eq!(reason(&log).as_deref(), Some("Bad file format"));
        assert_eq!(reason("some\nwords\n\n").as_deref(), Some("words"));
        assert_eq!(reason(""), None);
    }
}
