//! What the log line of a request tells about its caller. Handlers note it when they know it.

use std::cell::RefCell;

tokio::task_local! {
    static NOTES: RefCell<Notes>;
}

/// The notes about one request.
#[derive(Debug, Default)]
pub struct Notes {
    /// The id of the OAuth client that called, one of the clients file.
    pub client: Option<String>,
    /// The subject that the request names, where subjects are asked for. It need not be verified.
    pub subject: Option<String>,
    takes_subjects: bool,
}

/// Answers a request, and collects notes meanwhile.
pub async fn collect<R>(takes_subjects: bool, answer: impl Future<Output = R>) -> R {
    let notes = Notes { takes_subjects, ..Notes::default() };
    NOTES.scope(RefCell::new(notes), answer).await
}

/// Notes the client.
pub fn client(id: &str) {
    write(|notes| notes.client = Some(id.to_owned()));
}

/// Notes the subject, which is read only where subjects are asked for.
pub fn subject(read: impl FnOnce() -> Option<String>) {
    write(|notes| {
        if notes.takes_subjects {
            notes.subject = read();
        }
    });
}

/// Returns the notes so far.
pub fn take() -> Notes {
    NOTES.try_with(RefCell::take).unwrap_or_default()
}

/// Outside of a request nothing is noted.
fn write(note: impl FnOnce(&mut Notes)) {
    let _ = NOTES.try_with(|notes| note(&mut notes.borrow_mut()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_request_has_its_own_notes() {
        let request = |id: &'static str, takes_subjects| {
            collect(takes_subjects, async move {
                client(id);
                tokio::task::yield_now().await;
                subject(|| Some(id.to_owned()));
                take()
            })
        };
        let (a, b) = tokio::join!(request("a", true), request("b", false));
        assert_eq!((a.client.as_deref(), a.subject.as_deref()), (Some("a"), Some("a")));
        assert_eq!((b.client.as_deref(), b.subject.as_deref()), (Some("b"), None));
        client("nobody");
        assert!(take().client.is_none());
    }
}
