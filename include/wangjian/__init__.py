"""Wangjian 网监数仓: from the exports of three supervision systems to a checked, published warehouse."""
