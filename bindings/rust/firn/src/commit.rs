//! Ending a transaction by a commit, which may give it back.

use std::fmt;

use firn_sys as sys;

use crate::batch::WriteOptions;
use crate::error::{Error, ErrorKind, Result, check_number};
use crate::txn::Txn;

/// A commit that failed, with the transaction where it can be committed again; from [`Txn::try_commit`]. `?` makes an [`Error`] of it.
#[derive(Debug)]
pub struct CommitError<'db> {
    error: Error,
    txn: Option<Txn<'db>>,
}

impl<'db> CommitError<'db> {
    /// Why it failed.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The error, and the transaction as it was before the commit: `None` after a [`Conflict`](ErrorKind::Conflict), and when the database is closed.
    pub fn into_parts(self) -> (Error, Option<Txn<'db>>) {
        (self.error, self.txn)
    }
}

impl From<CommitError<'_>> for Error {
    fn from(failed: CommitError<'_>) -> Self {
        failed.error
    }
}

impl fmt::Display for CommitError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for CommitError<'_> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl<'db> Txn<'db> {
    /// Makes the writes visible, all at once. The version of the commit. When it fails the transaction is lost, whatever the reason;
    /// [`try_commit`](Self::try_commit) keeps it.
    pub fn commit(self) -> Result<u64> {
        let options = self.write;
        self.commit_with(options)
    }

    /// The same with options in the place of those that the transaction began with.
    pub fn commit_with(self, options: WriteOptions) -> Result<u64> {
        Ok(self.try_commit(options)?)
    }

    /// The same, and a transaction whose commit fails for another reason than a [`Conflict`](ErrorKind::Conflict) comes back with the error, as it was: to be
    /// committed again, when a [`no_block`](WriteOptions::no_block) commit [would have waited](ErrorKind::WouldBlock) or the disk was full.
    ///
    /// ```
    /// use firn::WriteOptions;
    /// # fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?;
    /// let txn = db.txn()?;
    /// txn.put("k", "v")?;
    /// if let Err(failed) = txn.try_commit(WriteOptions::new().no_block()) {
    ///     match failed.into_parts() {
    ///         (error, Some(txn)) if error.kind() == firn::ErrorKind::WouldBlock => txn.commit()?, // waits
    ///         (error, _) => return Err(error),
    ///     };
    /// }
    /// # assert!(db.exists("k")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_commit(self, options: WriteOptions) -> std::result::Result<u64, CommitError<'db>> {
        // SAFETY: plain numbers besides the handle, which is closed after the call.
        let answer = unsafe { sys::firn_txn_commit_ex(self.reads.handle(), options.flags()) };
        self.explain(check_number(answer)).map_err(|error| {
            let is_over = matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Misuse | ErrorKind::Closed | ErrorKind::Forked);
            CommitError { error, txn: (!is_over).then_some(self) }
        })
    }
}
