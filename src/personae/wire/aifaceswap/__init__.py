"""The API of aifaceswap, spoken by this service."""
