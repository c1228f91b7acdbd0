//! The processes that an emulator runs functions in, as Linux tells of them under `/proc`.

use std::collections::BTreeMap;
use std::fs;

/// What a clock tick of `/proc/<pid>/stat` is, in milliseconds: `USER_HZ` is 100 on every architecture that we run on.
const TICK_MS: u64 = 10;

/// What a process has used, as of a look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Use {
    /// Time on a processor since its start, its own and the kernel's for it.
    pub(crate) cpu_ms: u64,
    /// Resident memory.
    pub(crate) resident_kb: u64,
    /// The most that it ever was.
    pub(crate) peak_kb: u64,
}

/// The functions of one deployment and the processes of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Look(BTreeMap<&'static str, BTreeMap<u32, Use>>);

/// Whether this machine can tell.
pub(crate) fn can_tell() -> bool {
    fs::exists("/proc/self/stat").unwrap_or(false)
}

/// Looks at every process that runs one of these functions for the deployment whose table is called so.
pub(crate) fn look(functions: &[&'static str], table_name: &str) -> Look {
    let mut look = Look::default();
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        // A process that is gone meanwhile, or is somebody else's, cannot be read and is none of ours.
        let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else { continue };
        let Some(function) = function_of(&environment, functions, table_name) else { continue };
        let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).ok();
        let Some(used) = read("stat").zip(read("status")).and_then(|(stat, status)| used(&stat, &status))
        else {
            continue;
        };
        look.0.entry(function).or_default().insert(pid, used);
    }
    look
}

impl Look {
    /// The processes of a function.
    pub(crate) fn of(&self, function: &str) -> Vec<Use> {
        self.0.get(function).into_iter().flat_map(|processes| processes.values().copied()).collect()
    }

    /// Milliseconds that a function's processes have used since an earlier look. Those that were started since count from
    /// their start. `None` when one has ended, since what it used until then is not known.
    pub(crate) fn cpu_ms_since(&self, earlier: &Look, function: &str) -> Option<u64> {
        let none = BTreeMap::new();
        let (now, then) = (self.0.get(function).unwrap_or(&none), earlier.0.get(function).unwrap_or(&none));
        if then.keys().any(|pid| !now.contains_key(pid)) {
            return None;
        }
        let since = |(pid, used): (&u32, &Use)| used.cpu_ms - then.get(pid).map_or(0, |before| before.cpu_ms);
        Some(now.iter().map(since).sum())
    }
}

/// Which function a process runs: CloudFormation puts the stack before and letters behind its name in the template.
fn function_of(environment: &[u8], functions: &[&'static str], table_name: &str) -> Option<&'static str> {
    let value = |name: &str| {
        let entries =
            environment.split(|byte| *byte == 0).filter_map(|entry| std::str::from_utf8(entry).ok());
        entries.filter_map(|entry| entry.split_once('=')).find(|(n, _)| *n == name).map(|(_, value)| value)
    };
    let runs = value("AWS_LAMBDA_RUNTIME_API").is_some() && value("TABLE_NAME") == Some(table_name);
    let name = value("AWS_LAMBDA_FUNCTION_NAME").filter(|_| runs)?.to_ascii_lowercase();
    functions.iter().copied().find(|function| name.contains(&format!("-{function}function")))
}

/// Reads `/proc/<pid>/stat` and `/proc/<pid>/status`, see proc(5).
fn used(stat: &str, status: &str) -> Option<Use> {
    // The name of the program may hold blanks and parentheses; fields are counted from behind it. utime is the 14th,
    // stime the 15th, and the first behind the name is the 3rd.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let kb = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some(Use {
        cpu_ms: (ticks(14)? + ticks(15)?) * TICK_MS,
        resident_kb: kb("VmRSS")?,
        peak_kb: kb("VmHWM")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As proc(5) has it, of a program with a name that is out to confuse.
    #[test]
    fn what_linux_tells() {
        let stat =
            "4711 (boot) (strap) S 1 4711 4711 0 -1 4194560 1520 0 2 0 37 13 5 6 20 0 2 0 8831 120 2100 1844";
        let status = "Name:\tbootstrap\nVmPeak:\t  210000 kB\nVmHWM:\t   15360 kB\nVmRSS:\t   14336 kB\n";
        let expected = Use { cpu_ms: 500, resident_kb: 14_336, peak_kb: 15_360 };
        assert_eq!(used(stat, status), Some(expected));
        assert_eq!(used("4711 (x", status), None);
        assert_eq!(used(stat, "Name:\tzombie\n"), None);
    }

    #[test]
    fn functions_by_their_environment() {
        let environment = |table: &str, name: &str| {
            format!(
                "A=b\0AWS_LAMBDA_RUNTIME_API=127.0.0.1:1\0TABLE_NAME={table}\0AWS_LAMBDA_FUNCTION_NAME={name}\0"
            )
        };
        let of = |text: String| function_of(text.as_bytes(), &["crm", "score"], "ours");
        assert_eq!(of(environment("ours", "leadline-bench-ScoreFunction-1A2B")), Some("score"));
        assert_eq!(of(environment("theirs", "leadline-test-ScoreFunction-1A2B")), None);
        assert_eq!(of(environment("ours", "leadline-bench-AuditFunction-1A2B")), None);
        assert_eq!(of("TABLE_NAME=ours\0".to_owned()), None);
    }

    #[test]
    fn what_was_used_between_two_looks() {
        let look = |processes: &[(u32, u64)]| {
            let used = |cpu_ms| Use { cpu_ms, resident_kb: 1, peak_kb: 1 };
            Look(BTreeMap::from([("crm", processes.iter().map(|(pid, ms)| (*pid, used(*ms))).collect())]))
        };
        let before = look(&[(1, 100), (2, 30)]);
        assert_eq!(look(&[(1, 150), (2, 30), (3, 20)]).cpu_ms_since(&before, "crm"), Some(70));
        assert_eq!(look(&[(1, 150), (3, 20)]).cpu_ms_since(&before, "crm"), None);
        assert_eq!(look(&[]).cpu_ms_since(&Look::default(), "score"), Some(0));
    }
}
