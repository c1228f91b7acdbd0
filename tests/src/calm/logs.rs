//! What handlers log.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

thread_local! {
    /// What this thread has logged since it began to listen; `None` while it does not.
    static HEARD: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Does something and returns with its result every line that was logged on the way by this thread, at any level, as
/// the functions write them.
pub fn logged<R>(act: impl FnOnce() -> R) -> (R, String) {
    // One subscriber for all threads: with one for each, a log line that another thread comes by first, without a
    // subscriber of its own, would stay silent in this one too.
    static LISTEN: Once = Once::new();
    LISTEN.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(Level::TRACE)
            .with_writer(Ear)
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("nobody else sets one");
    });
    HEARD.with(|heard| *heard.borrow_mut() = Some(Vec::new()));
    let result = act();
    let bytes = HEARD.with(|heard| heard.borrow_mut().take()).unwrap_or_default();
    (result, String::from_utf8_lossy(&bytes).into_owned())
}

#[derive(Clone, Copy)]
struct Ear;

impl io::Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        HEARD.with(|heard| {
            if let Some(heard) = &mut *heard.borrow_mut() {
                heard.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Ear {
    type Writer = Ear;

    fn make_writer(&self) -> Ear {
        Ear
    }
}
