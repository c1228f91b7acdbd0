//! Counters: how much one network address or one form has sent lately, and how many mails an address has had.

use jiff::Timestamp;
use leadline_core::ids::FormId;
use leadline_core::submission::RateLimit;
use serde::{Deserialize, Serialize};

use crate::leads::ReadError;
use crate::rows::{from_item, number, to_item};
use crate::table::{Condition, Consistency, Key, Table, TableError, Write};

const COUNT: &str = "count";

/// Counts one more submission from an address (a keyed hash) in the current window; the count so far with it.
pub async fn count_address<T: Table>(
    table: &T,
    form: &FormId,
    sender: &str,
    limit: RateLimit,
    now: Timestamp,
) -> Result<i64, TableError> {
    let seconds = i64::from(limit.seconds.max(1));
    let window = now.as_second().div_euclid(seconds);
    let key = Key::new(format!("RATE#{form}#{sender}#{window}"), "RATE");
    table.add(&key, COUNT, 1, (window + 2) * seconds + 3_600).await
}

/// Seconds until the current window of a limit ends.
pub fn retry_after(limit: RateLimit, now: Timestamp) -> u32 {
    let seconds = i64::from(limit.seconds.max(1));
    u32::try_from(seconds - now.as_second().rem_euclid(seconds)).unwrap_or(1)
}

/// Counts a submission of a form in the current minute and estimates how many there were.
///
/// A form that goes viral must not make one row hot: only one in `sample` submissions is counted, drawn by `draw`, and
/// counts for that many. Small limits are counted one by one.
pub async fn count_form<T: Table>(
    table: &T,
    form: &FormId,
    limit_per_minute: u32,
    draw: u64,
    now: Timestamp,
) -> Result<u32, TableError> {
    let sample = u64::from(limit_per_minute / 32).max(1);
    if !draw.is_multiple_of(sample) {
        return Ok(0);
    }
    let minute = now.as_second().div_euclid(60);
    let key = Key::new(format!("BURST#{form}#{minute}"), "BURST");
    let by = i64::try_from(sample).unwrap_or(1);
    let count = table.add(&key, COUNT, by, (minute + 2) * 60 + 3_600).await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

#[derive(Debug, Serialize, Deserialize)]
struct Allowance {
    version: u64,
    sent: Vec<(String, i64)>,
    expires_at: i64,
}

/// At most so many acknowledgements a day go to one address.
pub const MAILS_A_DAY: usize = 3;

fn mails_at(address: &str) -> Key {
    Key::new(format!("MAIL#{address}"), "MAIL")
}

/// Whether acknowledgements to an address are counted now.
pub(crate) async fn has_mails<T: Table>(table: &T, address: &str) -> Result<bool, TableError> {
    Ok(table.get(&mails_at(address), Consistency::Strong).await?.is_some())
}

/// The write that forgets the acknowledgements to an address.
pub(crate) fn mails_delete(address: &str) -> Write {
    Write::Delete { key: mails_at(address), only_if: None }
}

/// Whether one more acknowledgement may go to an address (a keyed hash) within twenty-four hours. The same mail, by
/// its id, is counted once however often it is asked about. `uncounted` went there without being asked about.
pub async fn may_acknowledge<T: Table>(
    table: &T,
    address: &str,
    mail_id: &str,
    uncounted: usize,
    now: Timestamp,
) -> Result<bool, ReadError> {
    let key = mails_at(address);
    loop {
        let item = table.get(&key, Consistency::Strong).await?;
        let before: Option<Allowance> = item.map(from_item).transpose()?;
        let since = now.as_second() - 86_400;
        let (version, mut sent) = before.map_or((0, Vec::new()), |a| (a.version, a.sent));
        sent.retain(|(_, at)| *at > since);
        if sent.iter().any(|(id, _)| id == mail_id) {
            return Ok(true);
        }
        if sent.len() + uncounted >= MAILS_A_DAY {
            return Ok(false);
        }
        sent.push((mail_id.to_owned(), now.as_second()));
        let next = Allowance { version: version + 1, sent, expires_at: now.as_second() + 2 * 86_400 };
        let only_if =
            if version == 0 { Condition::Absent } else { Condition::Equals("version", number(version)) };
        match table.write(Write::Put { item: to_item(key.clone(), &next)?, only_if: Some(only_if) }).await {
            // Somebody else was faster; each time that happens the allowance is smaller, so this ends.
            Err(TableError::ConditionFailed { .. }) => {}
            outcome => return Ok(outcome.map(|()| true)?),
        }
    }
}
