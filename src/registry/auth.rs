//! Answers to authentication challenges.
