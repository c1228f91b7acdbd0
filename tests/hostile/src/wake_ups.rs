//! Messages from the queues.

use leadline_edge::wake;

/// What is read is of this version, no larger than what came, and writes itself again.
pub(crate) fn wake_up(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some(wake_up) = wake::parse(&text) else { return };
    assert_eq!((wake_up.v, wake_up.delay_s), (1, 0));
    let again = serde_json::to_string(&wake_up).expect("a small document");
    // The input may have spared spaces only; every member is named in it.
    assert!(again.len() <= 6 * text.len());
    assert_eq!(wake::parse(&again), Some(wake_up));
}
