//! The supervisor's role: from exec to exit record.
