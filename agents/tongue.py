"""Languages that a plain text may be written in, and words that each must not use to the person concerned.

Not a dictionary and no filter of content: the lists name what would tell how content was detected, what would promise
something, what would threaten with more than was decided, and numbers in words. All are beginnings of words, folded to
lower case without accents; `numbers` are whole words. A language that is not here is not written in.
"""

from typing import NamedTuple


class Tongue(NamedTuple):
    """One language: its name as a prompt says it, the heading of the text, and the words to keep out."""

    name: str
    heading: str
    inner: str
    promise: str
    beyond: str
    numbers: str


# Whatever the language is: English is what the inside of the program is written in.
EVERYWHERE = (
    r"probab|threshold|classif|prompt|embedding|confiden|critiq|critic\b|rubric|calibrat|algorit|neural|score|scoring"
    r"|llms?\b|gpt|qwen|llama|mistral|gemini|claude|openai|anthropic|deepseek|vllm|chatbot|softmax|logit|log[ -]?odds"
    r"|percent|ranker"
    r"|reasoner|router|pipeline|fine-?tun|machine learning|artificial intelligence|language model|chain of thought"
    r"|false positive|precedent"
)
TONGUES: dict[str, Tongue] = {
    "en": Tongue(
        name="English",
        heading="In plain words",
        inner=r"models?\b|modelled|chains?\b|likelihood|severity|tiers?\b|grade[sd]?\b|moderators?\b|reviewers?\b|detect"
        r"|ai\b|per cent|tokens?\b|colleague|employee|staff\b|team\b|human",
        promise=r"refund|reimburs|compensat|reinstat|restor|unban|promis|guarante|apolog|sorry|lifted\b|get it back"
        r"|will be back|bring it back|put it back",
        beyond=r"bann|bans?\b|suspend|suspension|account|polic(?:e|ing)\b|criminal|crimes?\b|illegal|unlawful|lawsuit"
        r"|prosecut|penalt|punish|terminat|strikes?\b|lawyer|warning points?",
        numbers=r"two|three|four|five|six|seven|eight|nine|ten|eleven|\w+teen|twelve|(?:twen|thir|for|fif|six|seven"
        r"|eigh|nine)ty|hundreds?|thousands?|half|dozen",
    ),
    "de": Tongue(
        name="German",
        heading="In einfachen Worten",
        inner=r"wahrscheinlich|schwell|modell|klassifi|konfidenz|gedankenkette|schweregrad|prozent|moderator|punktzahl"
        r"|punktwert|erkennungs|treffer|ki\b|kunstliche intelligenz|mitarbeit|kolleg|team\b",
        promise=r"erstatt|wiederher|entschadig|garant|versprech|versproch|freischalt|zuruckbekomm|leid\b|entschuldig",
        beyond=r"polizei|straf|illegal|rechtswidrig|gesetz(?:lich\w*|widrig\w*|es)?\b|sperr|gesperrt|konto|kundig|gekundigt|anwalt",
        numbers=r"zwei|drei|vier|funf|sechs|sieben|acht|neun|zehn|elf|zwolf|\w+zehn|\w*hundert\w*|halbe?"
        r"|\w*(?:zwan|drei|vier|funf|sech|sieb|acht|neun)(?:zig|ssig)",
    ),
    "fr": Tongue(
        name="French",
        heading="En mots simples",
        inner=r"seuil|modele|confiance|gravite|moderat|pour cent|pourcent|detect|ia\b|intelligence artificielle|equipe"
        r"|collegue|employe|notation|vraisembl",
        promise=r"rembours|retabl|indemn|garant|prome[ts]|promis|reintegr|recuper|desole|excus",
        beyond=r"police|penal|illegal|illicite|suspen|votre compte|bann|avocat|infraction|sanction",
        numbers=r"deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|quarante|cinquante|cents?",
    ),
    "es": Tongue(
        name="Spanish",
        heading="En palabras sencillas",
        inner=r"umbral|modelo|clasific|confianza|gravedad|moderador|por ciento|puntuaci|detect|ia\b"
        r"|inteligencia artificial|equipo|empleado|coleg",
        promise=r"reembols|restable|restaur|indemniz|garanti|promet|promes|readmi|recuper|lament|disculp",
        beyond=r"policia|penal|delito|ilegal|ilicit|suspen|(?:su|tu) cuenta|expuls|abogad|sancion",
        numbers=r"dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|quince|veint\w*|treinta|cien\w*",
    ),
    "it": Tongue(
        name="Italian",
        heading="In parole semplici",
        inner=r"soglia|modello|confidenza|gravita|moderator|per cento|punteggio|rileva|ia\b|intelligenza artificiale"
        r"|squadra|collega|dipendent",
        promise=r"rimbors|ripristin|risarc|indenniz|garanti|promet|promess|riammes|recuper|scus|dispiace",
        beyond=r"polizia|penal|reato|illegal|illecit|sospen|account|avvocat|sanzion",
        numbers=r"due|tre|quattro|cinque|sei mesi|sette|otto|nove|dieci|undici|dodici|venti|trenta|cento",
    ),
    "nl": Tongue(
        name="Dutch",
        heading="In eenvoudige woorden",
        inner=r"waarschijnlijk|drempel|model\b|modellen|betrouwbaar|ernst|moderator|procent|detect|ai\b"
        r"|kunstmatige intelligentie|medewerker|collega|team\b",
        promise=r"terugbeta|herstel|vergoed|garan|beloof|beloft|belov|teruggez|terugkrijg|spijt|excus",
        beyond=r"politie|straf|illegal|onwettig|schors|account|geblokkeerd|advocaat|sanctie",
        numbers=r"twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf|\w+tien|\w*honderd\w*"
        r"|\w*(?:twin|der|veer|vijf|zes|zeven|tach|negen)tig",
    ),
    "pt": Tongue(
        name="Portuguese",
        heading="Em palavras simples",
        inner=r"limiar|modelo|confianca|gravidade|moderador|por cento|pontuac|detec|ia\b|inteligencia artificial|equipa"
        r"|equipe|funcionari|coleg",
        promise=r"reembols|restabel|restaur|indeniz|indemniz|garant|promet|promess|recuper|lament|desculp",
        beyond=r"policia|penal|crime|ilegal|ilicit|suspen|(?:sua|tua) conta|expuls|advogad|sanc(?:ao|oes)",
        numbers=r"dois|duas|tres|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|quinze|vinte|trinta|cem",
    ),
}
