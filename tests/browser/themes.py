"""Theme parameters as Telegram sends them: the usual ones, and some that people have made for themselves."""

LIGHT = {
    "bg_color": "#ffffff",
    "text_color": "#000000",
    "hint_color": "#8e8e93",
    "link_color": "#007aff",
    "button_color": "#007aff",
    "button_text_color": "#ffffff",
    "secondary_bg_color": "#efeff4",
    "section_bg_color": "#ffffff",
    "section_header_text_color": "#6d6d72",
    "subtitle_text_color": "#8e8e93",
    "destructive_text_color": "#ff3b30",
    "bottom_bar_bg_color": "#f2f2f2",
}
DARK = LIGHT | {
    "bg_color": "#1d2733",
    "text_color": "#ffffff",
    "hint_color": "#7d8b99",
    "link_color": "#5eabe1",
    "button_color": "#50a8eb",
    "secondary_bg_color": "#151e27",
    "section_bg_color": "#1d2733",
    "section_header_text_color": "#79c4fc",
    "subtitle_text_color": "#7b8790",
    "destructive_text_color": "#ee686f",
    "bottom_bar_bg_color": "#151e27",
}
ODD = {
    "everything faint": LIGHT | {"text_color": "#999999", "hint_color": "#dddddd", "link_color": "#ffee88"},
    "a yellow button": DARK | {"button_color": "#ffdd00", "link_color": "#333333", "text_color": "#777777"},
}
