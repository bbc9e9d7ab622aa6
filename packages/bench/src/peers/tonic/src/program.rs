//! What server and client have in common: the job, the lines, what a process has used.

use serde::{Deserialize, Serialize};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a call has on top in a job with extras.
pub const REQUEST_HEADER: &str = "x-request-id";
pub const ANSWER_HEADER: &str = "x-answered";

/// contract/job.ts
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub kind: String,
    pub payload_bytes: usize,
    pub in_flight: usize,
    pub connections: usize,
    pub streams: usize,
    pub with_extras: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    cpu_us: i64,
    rss_bytes: i64,
}

pub fn usage() -> Usage {
    // SAFETY: rusage is plain numbers, for which zeros are valid, and getrusage only writes to it.
    let used = unsafe {
        let mut used: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut used);
        used
    };
    let micros = |time: libc::timeval| time.tv_sec as i64 * 1_000_000 + time.tv_usec as i64;
    Usage { cpu_us: micros(used.ru_utime) + micros(used.ru_stime), rss_bytes: rss_bytes() }
}

/// 0 where there is no /proc.
fn rss_bytes() -> i64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: i64 = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    // SAFETY: sysconf has no requirements.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as i64
}

pub fn say<T: Serialize>(line: &T) -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string(line)?);
    Ok(())
}
