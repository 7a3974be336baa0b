"""The countries that only a large catalogue sells (ISO 3166-1), beside those that areas.py knows well."""

# code | name, by the region that eSIM Go would file it under
COUNTRIES = {
    "Europe": """
        AD|Andorra
        AX|Aland Islands
        BY|Belarus
        FO|Faroe Islands
        GG|Guernsey
        GI|Gibraltar
        JE|Jersey
        LI|Liechtenstein
        RU|Russia
        SM|San Marino
        VA|Vatican City
        XK|Kosovo""",
    "Asia": """
        AF|Afghanistan
        BD|Bangladesh
        BN|Brunei
        BT|Bhutan
        IQ|Iraq
        LB|Lebanon
        MM|Myanmar
        MN|Mongolia
        MO|Macau
        PK|Pakistan
        PS|Palestine
        TJ|Tajikistan
        TL|Timor-Leste
        TM|Turkmenistan
        YE|Yemen""",
    "Africa": """
        AO|Angola
        BF|Burkina Faso
        BI|Burundi
        BJ|Benin
        BW|Botswana
        CD|Democratic Republic of the Congo
        CF|Central African Republic
        CG|Republic of the Congo
        CI|Ivory Coast
        CM|Cameroon
        CV|Cape Verde
        DJ|Djibouti
        DZ|Algeria
        ET|Ethiopia
        GA|Gabon
        GH|Ghana
        GM|Gambia
        GN|Guinea
        GQ|Equatorial Guinea
        GW|Guinea-Bissau
        KM|Comoros
        LR|Liberia
        LS|Lesotho
        LY|Libya
        MG|Madagascar
        ML|Mali
        MR|Mauritania
        MW|Malawi
        MZ|Mozambique
        NA|Namibia
        NE|Niger
        NG|Nigeria
        RE|Reunion
        RW|Rwanda
        SD|Sudan
        SL|Sierra Leone
        SN|Senegal
        SO|Somalia
        SS|South Sudan
        ST|Sao Tome and Principe
        SZ|Eswatini
        TD|Chad
        TG|Togo
        UG|Uganda
        YT|Mayotte
        ZM|Zambia
        ZW|Zimbabwe""",
    "North America": """
        BM|Bermuda
        GL|Greenland""",
    "South America": """
        BO|Bolivia
        EC|Ecuador
        FK|Falkland Islands
        GF|French Guiana
        GY|Guyana
        PY|Paraguay
        SR|Suriname
        UY|Uruguay
        VE|Venezuela""",
    "Caribbean": """
        AG|Antigua and Barbuda
        AI|Anguilla
        AW|Aruba
        BB|Barbados
        BL|Saint Barthelemy
        BQ|Bonaire
        BS|Bahamas
        BZ|Belize
        CU|Cuba
        CW|Curacao
        DM|Dominica
        GD|Grenada
        GP|Guadeloupe
        GT|Guatemala
        HN|Honduras
        HT|Haiti
        KN|Saint Kitts and Nevis
        KY|Cayman Islands
        LC|Saint Lucia
        MF|Saint Martin
        MQ|Martinique
        MS|Montserrat
        NI|Nicaragua
        PR|Puerto Rico
        SV|El Salvador
        SX|Sint Maarten
        TC|Turks and Caicos Islands
        TT|Trinidad and Tobago
        VC|Saint Vincent and the Grenadines
        VG|British Virgin Islands
        VI|US Virgin Islands""",
    "Oceania": """
        AS|American Samoa
        CK|Cook Islands
        FM|Micronesia
        GU|Guam
        KI|Kiribati
        MH|Marshall Islands
        MP|Northern Mariana Islands
        NC|New Caledonia
        NR|Nauru
        PF|French Polynesia
        PG|Papua New Guinea
        PW|Palau
        SB|Solomon Islands
        TO|Tonga
        TV|Tuvalu
        VU|Vanuatu
        WS|Samoa""",
}
