//! Counting capacity units as DynamoDB bills them on demand.

/// Capacity used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Units {
    /// Write request units, those of the indexes included.
    pub write: u64,
    /// Read request units, counted in halves, because an eventually consistent read costs half a unit.
    pub read_halves: u64,
}

impl Units {
    /// Read request units.
    pub fn read(self) -> f64 {
        self.read_halves as f64 / 2.0
    }

    /// What was used between an earlier reading and this one.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            write: self.write.saturating_sub(earlier.write),
            read_halves: self.read_halves.saturating_sub(earlier.read_halves),
        }
    }
}

/// How often each operation was called, refused calls not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// Reads of one item.
    pub get: u64,
    /// Batches of reads by key, 100 keys in each.
    pub batch_get: u64,
    /// Pages read.
    pub query: u64,
    /// Single puts.
    pub put: u64,
    /// Single deletes.
    pub delete: u64,
    /// Transactions.
    pub transact: u64,
    /// Additions to counters.
    pub add: u64,
    /// Single writes and transactions that failed on a condition; counted above as well.
    pub condition_failed: u64,
}

const WRITE_UNIT_BYTES: usize = 1024;
const READ_UNIT_BYTES: usize = 4096;

/// Write units for one image of so many bytes, at least one.
pub(super) fn write_units(bytes: usize) -> u64 {
    rounded(bytes, WRITE_UNIT_BYTES)
}

/// Half read units for so many bytes, read with or without consistency.
pub(super) fn read_halves(bytes: usize, strong: bool) -> u64 {
    rounded(bytes, READ_UNIT_BYTES) * if strong { 2 } else { 1 }
}

fn rounded(bytes: usize, unit: usize) -> u64 {
    bytes.div_ceil(unit).max(1) as u64
}
