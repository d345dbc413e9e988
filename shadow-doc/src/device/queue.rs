use alloc::collections::VecDeque;

use crate::patch::Patch;

/// Reports that wait for the link, folded into as few as can be.
///
/// Reports are folded as long as one patch can say what they say one after the other; see
/// [`Patch::then`] for the one case in which it cannot. An outage of any length costs the memory of
/// the members that changed, not of the changes.
///
/// ```
/// use shadow_doc::{Patch, ReportQueue};
///
/// let mut queue = ReportQueue::default();
/// for report in [r#"{"temperature":20}"#, r#"{"temperature":21,"door":"open"}"#, r#"{"door":null}"#] {
///     queue.push(Patch::from_json(report.as_bytes())?);
/// }
/// assert_eq!(queue.len(), 1);
/// assert_eq!(queue.pop().unwrap().to_json(), br#"{"door":null,"temperature":21}"#);
/// # Ok::<(), shadow_doc::JsonError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportQueue {
    reports: VecDeque<Patch>,
}

impl ReportQueue {
    /// Adds a report.
    ///
    /// ```
    /// # use shadow_doc::{Patch, ReportQueue};
    /// let mut queue = ReportQueue::default();
    /// queue.push(Patch::from_json(br#"{"mode":1}"#)?);
    /// queue.push(Patch::from_json(br#"{"mode":{"fan":2}}"#)?);
    /// assert_eq!(queue.len(), 2, "a number, then an object in its place: two updates");
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    pub fn push(&mut self, report: Patch) {
        if report.is_empty() {
            return;
        }
        if let Some(last) = self.reports.back_mut()
            && let Some(both) = last.then(&report)
        {
            *last = both;
            return;
        }
        self.reports.push_back(report);
    }

    /// The report to send first; it leaves the queue.
    ///
    /// ```
    /// assert!(shadow_doc::ReportQueue::default().pop().is_none());
    /// ```
    pub fn pop(&mut self) -> Option<Patch> {
        self.reports.pop_front()
    }

    /// Puts a report back in front: it was sent and not accepted.
    ///
    /// ```
    /// # use shadow_doc::{Patch, ReportQueue};
    /// let mut queue = ReportQueue::default();
    /// queue.push(Patch::from_json(br#"{"a":1}"#)?);
    /// let sent = queue.pop().unwrap();
    /// queue.push(Patch::from_json(br#"{"a":2}"#)?);
    /// queue.put_back(sent);
    /// assert_eq!(queue.pop().unwrap().to_json(), br#"{"a":2}"#, "folded again");
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    pub fn put_back(&mut self, report: Patch) {
        if report.is_empty() {
            return;
        }
        if let Some(first) = self.reports.front_mut()
            && let Some(both) = report.then(first)
        {
            *first = both;
            return;
        }
        self.reports.push_front(report);
    }

    /// Reports that wait.
    ///
    /// ```
    /// assert_eq!(shadow_doc::ReportQueue::default().len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.reports.len()
    }

    /// True if none waits.
    ///
    /// ```
    /// assert!(shadow_doc::ReportQueue::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty()
    }
}
