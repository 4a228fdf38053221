"""What the metrics are computed from, made once per checkpoint. Import the module you need: `types` and `store` want
numpy alone, `inner_products`, `spectra` and `pair` torch, the others an encoder."""
