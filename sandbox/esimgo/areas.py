"""The invented world: which areas there are, what data costs there, and which sizes are sold.

Names are spelled as a provider spells them, codes include the odd ones of the public rate sheet (IC, CYP,
US-HI, AN). All prices are made up.
"""

from dataclasses import dataclass

from sandbox.esimgo import rest_of_world


@dataclass(frozen=True)
class Area:
    """per_gb is thousandths of a dollar for the first GB; sizes are GB of the fixed grid."""

    code: str
    name: str
    region: str
    profile: int
    per_gb: int
    sizes: tuple[int, ...]
    unlimited: bool = False
    long: bool = False
    covers: tuple[str, ...] = ()

    @property
    def iso(self) -> str:
        """Regional products carry one pseudo-country, whose iso repeats its label."""
        return self.name if self.covers else self.code

    @property
    def row(self) -> dict[str, str]:
        region = self.name if self.covers else self.region
        return {"name": self.name, "region": region, "iso": self.iso}


GRIDS = {
    "all": (1, 2, 3, 5, 10, 20, 50, 100),
    "most": (1, 2, 3, 5, 10, 20),
    "some": (1, 3, 5, 10),
    "few": (1, 3),
}

# code | name | profile | thousandths per GB | grid | u = unlimited tiers too, l = long duration too
COUNTRIES = {
    "Europe": """
        TR|Turkey|2|1960|all|u
        GB|United Kingdom|4|1650|all|ul
        FR|France|1|1480|all|u
        DE|Germany|1|1420|all|u
        ES|Spain|1|1390|all|u
        IT|Italy|1|1450|all|u
        PT|Portugal|1|1510|most|u
        GR|Greece|1|1720|most|u
        NL|Netherlands|1|1460|most|
        BE|Belgium|1|1530|most|
        CH|Switzerland|4|2110|most|u
        AT|Austria|1|1440|most|
        CZ|Czech Republic|1|1580|most|
        PL|Poland|1|1370|most|
        HU|Hungary|1|1610|most|
        HR|Croatia|1|1690|most|
        SE|Sweden|1|1490|most|
        NO|Norway|1|1830|most|
        DK|Denmark|1|1470|most|
        FI|Finland|1|1520|most|
        IE|Ireland|1|1550|most|
        IS|Iceland|4|2050|some|
        RO|Romania|1|1410|some|
        BG|Bulgaria|1|1430|some|
        RS|Serbia|3|2380|some|
        ME|Montenegro|3|2490|some|
        AL|Albania|3|2570|some|
        BA|Bosnia and Herzegovina|3|2630|few|
        MK|North Macedonia|3|2710|few|
        SI|Slovenia|1|1590|some|
        SK|Slovakia|1|1570|some|
        EE|Estonia|1|1500|some|
        LV|Latvia|1|1510|some|
        LT|Lithuania|1|1490|some|
        CY|Cyprus|4|1990|most|
        CYP|Northern Cyprus|4|2140|few|
        MT|Malta|1|1880|some|
        LU|Luxembourg|1|1620|some|
        UA|Ukraine|3|1760|some|
        MD|Moldova|3|2280|few|
        GE|Georgia|3|2460|some|
        AM|Armenia|3|2680|some|
        AZ|Azerbaijan|3|3120|few|
        IC|Canary Islands|1|1640|most|
        IM|Isle of Man|4|2890|few|
        MC|Monaco|1|3340|few|""",
    "Asia": """
        AE|United Arab Emirates|2|2890|all|u
        TH|Thailand|1|1570|all|u
        JP|Japan|2|1410|all|u
        KR|South Korea|2|1620|most|u
        CN|China|2|2240|most|u
        HK|Hong Kong|2|1510|most|
        TW|Taiwan|2|1690|most|
        SG|Singapore|2|1380|most|u
        MY|Malaysia|2|1470|most|
        ID|Indonesia|2|1680|most|u
        VN|Vietnam|2|1540|most|u
        PH|Philippines|2|2010|some|
        IN|India|3|2330|some|
        LK|Sri Lanka|3|2190|some|
        NP|Nepal|3|3480|few|
        KH|Cambodia|2|1930|some|
        LA|Laos|2|2270|few|
        MV|Maldives|3|4950|few|
        KZ|Kazakhstan|3|1870|some|
        UZ|Uzbekistan|3|2150|some|
        KG|Kyrgyzstan|3|2290|few|
        IL|Israel|4|1480|most|
        JO|Jordan|3|2760|some|
        SA|Saudi Arabia|3|2680|most|u
        QA|Qatar|3|2970|some|
        OM|Oman|3|3310|some|
        BH|Bahrain|3|3090|few|
        KW|Kuwait|3|2840|few|""",
    "Africa": """
        EG|Egypt|1|2140|most|
        MA|Morocco|3|2960|some|
        TN|Tunisia|3|2580|some|
        ZA|South Africa|3|2420|some|
        KE|Kenya|3|3270|some|
        TZ|Tanzania|3|3590|few|
        MU|Mauritius|3|4120|few|
        SC|Seychelles|3|5870|few|""",
    "North America": """
        US|United States of America|1|1080|all|ul
        US-HI|Hawaii|1|2650|some|
        CA|Canada|1|2270|all|u
        MX|Mexico|1|2390|most|u""",
    "South America": """
        BR|Brazil|1|2540|most|
        AR|Argentina|1|2480|some|
        CL|Chile|1|2610|some|
        CO|Colombia|1|2830|some|
        PE|Peru|1|2920|some|""",
    "Caribbean": """
        DO|Dominican Republic|1|3980|some|
        JM|Jamaica|1|4340|few|
        CR|Costa Rica|1|3150|some|
        PA|Panama|1|3460|some|
        AN|Netherlands Antilles|1|5210|few|""",
    "Oceania": """
        AU|Australia|2|1730|all|u
        NZ|New Zealand|2|2080|most|
        FJ|Fiji|2|5540|few|""",
}

# code | label | profile | thousandths per GB | grid | flags | what it covers: regions of the table or codes
REGIONS = """
    REUP|EU+|4|1760|all|u|Europe
    REUL|Europe Lite|1|1540|most||FR DE ES IT PT GR NL BE AT CZ PL HU HR SE DK FI IE
    RAS|Asia|4|2380|most||TH JP KR CN HK TW SG MY ID VN PH KH LA
    RNA|North America|1|2190|most|l|US CA MX
    RLA|Americas|1|3640|some||South America
    RCA|Caribbean|1|5380|few||Caribbean
    RME|Middle East and Africa|3|3870|some||Africa AE SA QA OM BH KW JO IL TR
    RBK|Balkans|3|2240|some||RS ME AL BA MK BG RO GR HR SI
    RCI|CIS|3|2520|some||AM AZ GE KZ KG MD UZ
    ROC|Oceania|2|2460|some||Oceania
    RGB|Global|4|6180|most|u|Europe Asia Oceania US CA MX BR AR CL ZA EG MA
    RGBL|Global - Light|4|3390||l|Europe US CA TH JP SG AE AU
    RGBS|Global - Standard|4|3750||l|Europe Asia US CA MX AU NZ
    RGBM|Global - Max|4|4410||l|Europe Asia Africa Oceania US CA MX BR AR CL CO PE"""


ODD_CODES = ("IC", "CYP", "US-HI", "AN")


def countries() -> list[Area]:
    return [
        _country(region, line.split("|")) for region, table in COUNTRIES.items() for line in _lines(table)
    ]


def many_countries(count: int) -> list[Area]:
    """So many countries, the odd codes among the first; ValueError when there are not so many."""
    rest = [
        (region, line.split("|"))
        for region, table in rest_of_world.COUNTRIES.items()
        for line in _lines(table)
    ]
    known = sorted(countries(), key=lambda area: area.code not in ODD_CODES)
    more = [
        Area(code, name, region, place % 4 + 1, 2000 + place * 370 % 4100, GRIDS["all"])
        for place, (region, (code, name)) in enumerate(rest)
    ]
    if not 1 <= count <= len(known) + len(more):
        raise ValueError(f"countries is a number from 1 to {len(known) + len(more)}")
    return [*known, *more][:count]


def regions(base: list[Area]) -> list[Area]:
    """The regional products that cover some of these countries."""
    by_region: dict[str, list[str]] = {}
    for country in base:
        by_region.setdefault(country.region, []).append(country.code)
    codes = {country.code for country in base}
    found = [_region(line.split("|"), by_region, codes) for line in _lines(REGIONS)]
    return [region for region in found if region.covers]


def _lines(table: str) -> list[str]:
    return [line.strip() for line in table.strip().splitlines()]


def _country(region: str, cells: list[str]) -> Area:
    code, name, profile, per_gb, grid, flags = cells
    return Area(code, name, region, int(profile), int(per_gb), GRIDS[grid], "u" in flags, "l" in flags)


def _region(cells: list[str], by_region: dict[str, list[str]], known: set[str]) -> Area:
    code, name, profile, per_gb, grid, flags, covered = cells
    return Area(
        code,
        name,
        name,
        int(profile),
        int(per_gb),
        GRIDS.get(grid, ()),
        "u" in flags,
        "l" in flags,
        tuple(one for one in _covered(covered, by_region) if one in known),
    )


def _covered(covered: str, by_region: dict[str, list[str]]) -> tuple[str, ...]:
    """Codes of the words in `covered`; a region's name may have two words."""
    codes: list[str] = []
    for region in COUNTRIES:
        if region in covered:
            codes += by_region.get(region, [])
            covered = covered.replace(region, "")
    return tuple(codes + covered.split())
