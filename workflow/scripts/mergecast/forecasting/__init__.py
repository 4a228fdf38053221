"""A fitted forecaster put to use: pairs that were not merged, with intervals, reasons and measured neighbours."""
