//! Small changes to a text, driven by an input's bytes.

/// The text with one change, at a place and of a kind that the bytes choose: a byte set, put in or taken out, a letter's
/// case turned, the whole cut off or doubled. Whatever is no UTF-8 then is replaced.
pub(crate) fn edited(text: &str, by: &[u8]) -> String {
    let at = |i: usize| by.get(i).copied().unwrap_or_default();
    let mut bytes = text.as_bytes().to_vec();
    if bytes.is_empty() {
        bytes.push(at(2));
    }
    let place = usize::from(u16::from_be_bytes([at(0), at(1)])) % bytes.len();
    match at(3) % 7 {
        0 => bytes[place] = at(2),
        1 => bytes.insert(place, at(2)),
        2 => drop(bytes.remove(place)),
        3 => bytes[place] ^= 0x20,
        4 => bytes.truncate(place),
        5 => bytes.push(at(2)),
        _ => bytes.extend_from_within(place..),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
