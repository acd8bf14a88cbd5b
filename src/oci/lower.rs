//! From a `ContainerConfig` to a `Spec`.
