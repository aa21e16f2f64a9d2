"""The rules. Each is one phrase of one language; the order of the classes is the order of their weight.

A wish not to be written to outweighs everything; a no outweighs the interest of its first half ("sounds interesting,
but …"). Somebody who is away has answered only automatically when nothing else is said: no wish, no interest, no
question to us. A person who mentions an absence ("I was out of office", "away until Monday, can we talk then?") has
answered.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from inbox.classifying.words import own_words


class Class(StrEnum):
    OUT_OF_OFFICE = "out_of_office"
    UNSUBSCRIBE = "unsubscribe"
    NOT_INTERESTED = "not_interested"
    REFERRAL = "referral"
    INTERESTED = "interested"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a message is, the words that decided, and the language of the rule ("" for unknown)."""

    kind: Class
    phrase: str = ""
    language: str = ""


# Languages: en de fr nl es it pt sv. \b stands at both ends of every phrase.
RULES: Mapping[Class, Mapping[str, tuple[str, ...]]] = {
    Class.OUT_OF_OFFICE: {
        "en": (
            r"(i am|i'm|i will be|i'll be|currently|is) (currently |now )?(out of( the)? office|ooo)",
            r"(out of( the)? office|automatic reply|auto-?reply|autoreply)",
            r"(i am|i'm|i will be|i'll be) (currently |now )?(away|on (annual |parental |maternity |paternity |sick )?leave|on (holiday|vacation)|travelling|traveling) (until|till|from|with|and|through|this|for|on|\.)",
            r"(i am|i'm|i will be|i'll be) (currently )?on (annual leave|parental leave|maternity leave|paternity leave|vacation|holiday)",
            r"(with|have) (limited|no) access to (my )?(e-?mails?|messages|inbox|linkedin)",
            r"(i('ll| will) be back (in the office )?(on|from|in|next|tomorrow)|i('m| am) back (in the office )?on)",
            r"(on|away on) (annual leave|leave|vacation|holiday|holidays) (until|till|from|through|and)",
        ),
        "de": (
            r"(nicht im (büro|haus)|außer haus|ausser haus|abwesenheitsnotiz|automatische antwort)",
            r"(bin|befinde mich) (derzeit|aktuell|zurzeit|zur zeit|momentan|bis|vom|gerade|noch)?.{0,40}(im urlaub|in elternzeit|abwesend|nicht erreichbar|nicht im büro)",
            r"im urlaub (bis|vom|ab)",
            r"(erst )?(wieder )?ab (dem |montag|dienstag|mittwoch|donnerstag|freitag).{0,30}(erreichbar|zurück|im büro)",
        ),
        "fr": (
            r"(absent|absente)( du bureau)? (jusqu|du|depuis|pour|actuellement|et)",
            r"(je suis|je serai) (actuellement )?(absent|absente|en congés?|en vacances)",
            r"(absence du bureau|réponse automatique|message d'absence|de retour le|de retour au bureau)",
        ),
        "nl": (
            r"(niet (aanwezig|op kantoor)|afwezig|automatisch antwoord|afwezigheidsbericht)",
            r"(ik ben|ben ik) (momenteel |nu )?(met|op) (vakantie|verlof)",
            r"(ik ben )?(weer )?terug op (kantoor|maandag|dinsdag|woensdag|donderdag|vrijdag|\d)",
        ),
        "es": (
            r"fuera de (la )?oficina",
            r"(estoy|estaré|me encuentro) (actualmente )?(de vacaciones|ausente|de baja|fuera hasta)",
            r"respuesta automática",
        ),
        "it": (
            r"fuori (ufficio|sede)",
            r"(sono|sarò) (attualmente )?(in ferie|assente|fuori fino|in vacanza)",
            r"risposta automatica",
        ),
        "pt": (
            r"fora do escritório",
            r"(estou|estarei) (atualmente )?(de férias|ausente|fora até)",
            r"resposta automática",
        ),
        "sv": (
            r"(inte på kontoret|frånvaromeddelande|autosvar|automatiskt svar)",
            r"(jag är|jag har) (för närvarande |just nu )?(på semester|ledig|semester|föräldraledig|bortrest)",
            r"(åter|tillbaka) (på kontoret )?(den|på måndag|måndag)",
        ),
    },
    Class.UNSUBSCRIBE: {
        "en": (
            r"(do not|don't|never|(?<!don't )(?<!not )(?<!never )stop) (ever )?(contact|contacting|message|messaging|write|writing|email|emailing|text|texting) (to )?me(?! (here|on linkedin|via|before|until|today|now)(?! (again|any)))",
            r"(do not|don't|never|stop) (ever )?reach(ing)? out( to (me|us))?( again| any ?more| any longer| ever)",
            r"(do not|don't|never|stop) (ever )?reach(ing)? out to (me|us)",
            r"(?<!don't )(?<!not )(?<!never )stop (sending (me|us)|spamming)",
            r"(?<!to )(?<!can )(?<!could )(unsubscribe|opt me out|opt out)( me)?(?! link)( from)?( (your|this|the) (list|mailing list|database|crm))?",
            r"(remove|take|delete) me( off| from)?( (your|this|the) (list|mailing list|database|crm))?(?! (up|out|to|with))",
            r"(delete|erase) my (data|details|contact|information)",
            r"(lose|forget) my (number|contact)",
            r"leave (me|us) alone",
            r"no (more|further) (messages|e-?mails|mails|contact|follow-?ups?|spam)",
            r"^(please )?stop( it| this| please)?[.! ]*$",
        ),
        "de": (
            r"keine (weiteren|mehr) (nachrichten|mails|e-mails|anfragen|werbung|kontaktaufnahmen?)",
            r"keine (nachrichten|mails|e-mails|anfragen|werbung) mehr",
            r"bitte keine (nachrichten|mails|e-mails|anfragen|werbung)",
            r"(bitte )?(mich |mir )?nicht (mehr|weiter|wieder) (schreiben|anschreiben|kontaktieren|anrufen|belästigen)",
            r"(schreiben|kontaktieren|kontaktier|kontaktiere|schreib|schreibe|anschreiben) (sie )?(mich|mir) (bitte )?(nicht|nie) (mehr|wieder)",
            r"(austragen|abmelden|aus (ihrer|der|eurer) liste|löschen sie (bitte )?meine daten)",
            r"(lassen sie|lass|lasst) (mich|uns) (bitte )?in ruhe",
            r"unterlassen sie",
        ),
        "fr": (
            r"(ne|merci de ne|veuillez ne|arrêtez de) (plus |pas )?(me )?(contacter|écrire|solliciter)( plus)?",
            r"(merci|veuillez|prière) (de )?ne (plus|pas) m'(écrire|envoyer)",
            r"ne (me (contactez|contacte|sollicitez|relancez)|m'(écrivez|écris|envoyez|envoie)) (plus|pas)",
            r"(arrêtez|arrête|cessez) de (m'(écrire|envoyer)|me (contacter|solliciter|relancer))",
            r"(laissez-moi|laisse-moi) tranquille",
            r"(désabonn|désinscri|retirez-moi|supprimez mes données)\w*",
        ),
        "nl": (
            r"(stuur|stuurt) (me|mij) (alsjeblieft |aub )?(geen|niets|niet) (berichten )?(meer)?",
            r"(niet|nooit) meer (contacteren|benaderen|mailen|schrijven|contact opnemen)",
            r"(contacteer|benader|mail|schrijf|bel) (me|mij) (alsjeblieft |aub )?(niet|nooit) (meer|weer)",
            r"neem (alsjeblieft |aub )?geen contact meer",
            r"laat (me|mij) met rust",
            r"stop met (berichten|mailen|schrijven|sturen)",
            r"(uitschrijven|afmelden|verwijder mij|van (de|je|uw) lijst)",
        ),
        "es": (
            r"no (me )?(contact[ae]s?n?|contacten|escrib[ae]s?n?|enví[ae]s?n?|molest[ae]n?)( más| nunca)",
            r"no me (vuelvas?|vuelvan) a (escribir|contactar|enviar|molestar)",
            r"(dej[ae]n?|deje) de (escribirme|contactarme|enviarme|molestarme)",
            r"(déjame|déjeme|déjenme) en paz",
            r"(darme de baja|dame de baja|denme de baja|elimine mis datos|borren mis datos)",
        ),
        "it": (
            r"non (mi )?(contatti|contatta|contattare|contattarmi|contattatemi|scriva|scrivere|scrivermi|scrivetemi|scrivermi)( più| mai)",
            r"(smettila|smetta|smetti|smettetela) di (scrivermi|contattarmi)",
            r"(lasciami|lasciatemi|mi lasci) in pace",
            r"(cancellami|cancellatemi|rimuovimi|rimuovetemi|disiscriv\w+|eliminate i miei dati)",
        ),
        "pt": (
            r"não me (contacte[ms]?|contates?|escrev[ae][ms]?|envie[ms]?|mande[ms]?)( mais| nunca)",
            r"(pare|para|parem) de (me )?(enviar|escrever|contactar|contatar|mandar)",
            r"(deixe-me|deixa-me|me deixe) em paz",
            r"(remova-me|retire-me|descadastr\w+|apague os meus dados)",
        ),
        "sv": (
            r"(kontakta|skriv|skicka|maila) (till )?(mig )?inte (till )?(mig )?(igen|mer|längre)",
            r"hör inte av (dig|er) (igen|mer)",
            r"lämna (mig|oss) i fred",
            r"(sluta (kontakta|skriva|skicka)|ta bort mig|avregistrera)",
        ),
    },
    Class.NOT_INTERESTED: {
        "en": (
            r"(not|no longer|isn't|never) (really |currently |actually |at all |something we're |be )?(interested|looking|relevant|a fit|a good fit|for (us|me))",
            r"(no|nah|nope),? thank(s| you)",
            r"(we|i)('re| are|'m| am) (all set|good|fine|covered|happy with (our|what))",
            r"(not|isn't|no) (a |the |our )?(priority|need|budget|right time)",
            r"(we|i) (don't|do not) (need|want|have (any )?(need|budget|interest))",
            r"(i('ll| will)|have to|going to|i'd like to) (pass|decline)",
            r"already (have|use|using|work with|working with) (a|an|another|someone|somebody)",
        ),
        "de": (
            r"(kein|keinen|keinerlei|nicht|leider kein) (interesse|bedarf|interessiert|relevant|interessant|thema für uns)",
            r"nein,? (danke|vielen dank)",
            r"(sind|bin) (bereits |gut |schon )(versorgt|aufgestellt|bedient)",
        ),
        "fr": (
            r"(pas|plus|guère) (du tout |vraiment )?(intéressée?s?|d'intérêt|besoin|pour nous|une priorité)",
            r"non,? merci",
            r"(nous|on) (avons|a) déjà (un|une|notre)",
        ),
        "nl": (
            r"(geen|niet) (echt )?(interesse|geïnteresseerd|behoefte|relevant|nodig|interessant)",
            r"nee,? (dank|bedankt|dankjewel)",
        ),
        "es": (
            r"no (me|nos|estoy|estamos|tengo|tenemos)( \w+)? ?(interesa|interesados?|interesadas?|interés)",
            r"no,? gracias",
        ),
        "it": (
            r"non (sono|siamo|mi|ci) (interessat[oiae]|interessa|interessano)",
            r"no,? grazie",
        ),
        "pt": (
            r"não (tenho|temos|estou|estamos|me|nos) ?(interesse|interessad[oa]s?|interessa)",
            r"não,? obrigad[oa]",
        ),
        "sv": (
            r"(inte|ej) (så )?(intresserad|intresserade|aktuellt|intressant|relevant)",
            r"nej,? tack",
        ),
    },
    Class.REFERRAL: {
        "en": (
            r"(please |you should |better |best to |try |would suggest to )?(contact|reach out to|speak (to|with)|talk to|get in touch with|write to|email) (my colleague|our|[a-z]+@|the right|mr|ms|mrs)",
            r"(i'm|i am|i'd be|am) not the right (person|contact)",
            r"(forwarded|passed|forward|pass|passing|forwarding) (this|it|your (message|details|note)) (on )?(to|along)",
            r"my colleague [a-zà-ÿ]+ (is|would be|handles|takes care|looks after|can)",
            r"(no longer|don't) (work|working) (here|there|at|for) ",
        ),
        "de": (
            r"(wenden|richten) sie sich (bitte |doch )?an",
            r"(nicht (der|die) richtige (ansprechpartner|person)|falsche[rn]? ansprechpartner)",
            r"(mein kollege|meine kollegin|zuständig (ist|dafür))",
            r"(weitergeleitet|leite .{0,30}weiter)",
        ),
        "fr": (
            r"(contactez|contacter|adressez-vous à|voyez avec|rapprochez-vous de) (plutôt )?(mon|ma|notre|m\.|mme)",
            r"pas (la bonne personne|le bon (contact|interlocuteur))",
        ),
        "nl": (r"niet de juiste (persoon|contactpersoon)", r"(neem contact op met|mijn collega)"),
        "es": (
            r"no soy la persona (adecuada|indicada|correcta)",
            r"(contacta|contacte|escriba|habla|hable) (a|con) (mi|nuestr)",
        ),
        "it": (r"non sono la persona (giusta|adatta)", r"(contatti|contatta|scriva a|si rivolga a) (il|la|mio|mia|al)"),
        "pt": (r"não sou a pessoa (certa|indicada)", r"(contacte|contate|fale com) (o|a) (meu|minha|nossa|nosso)"),
        "sv": (r"(inte|fel) rätt person|fel person", r"(kontakta|hör av dig till) (min|vår)"),
    },
    Class.INTERESTED: {
        "en": (
            r"(tell me|like to (know|hear|learn)|happy to (hear|learn|chat|talk|connect)|love to (hear|learn|chat|talk)|keen to) ?(more|about|a bit)?",
            r"(sounds|looks|that's|this is|very) (really |very |quite )?(interesting|good|great)",
            r"(i'm|i am|we're|we are|would be|definitely|yes,?) (very |quite |definitely )?interested",
            r"(let's|can we|could we|shall we|happy to|want to|would you like to) (talk|chat|schedule|book|set up|meet|speak|jump on|hop on|arrange)",
            r"(send|share) (me|us|over|through)? ?(some |more |the |a few |your )?(more )?(info|information|details|deck|link|brochure|pricing|calendar|times|slots)",
            r"(what|how much) (does it|would it|are your|is your|is the) (cost|price|pricing|prices)",
            r"(are you|when are you) (free|available)",
            r"(give me a call|call me|book a (call|meeting|demo)|calendly\.com)",
        ),
        "de": (
            r"(klingt|hört sich|das ist|sehr) (sehr |wirklich |echt )?(interessant|gut|spannend)",
            r"(erzählen sie|mehr (erfahren|hören|wissen|informationen|dazu)|gerne mehr|schicken sie (mir|uns))",
            r"(interesse besteht|(wir |ich )?(habe|haben|bin|sind) (sehr |durchaus |gerne )?(interesse|interessiert))",
            r"(gerne|lassen sie uns|wann) .{0,30}(telefonieren|sprechen|austauschen|termin|kennenlernen)",
        ),
        "fr": (
            r"(ça|cela|c'est) (m'|nous )?(intéresse|a l'air intéressant|intéressant)",
            r"(dites-m'en|en savoir) plus",
            r"(je suis|nous sommes) (très |plutôt )?intéressée?s?",
            r"(quand|êtes-vous|seriez-vous) .{0,20}disponible",
        ),
        "nl": (
            r"(klinkt|dat is|heel|erg) (heel |erg )?(interessant|goed|leuk)",
            r"(vertel|meer (weten|horen|informatie))( me| eens)?( meer)?",
            r"(ik ben|wij zijn|we zijn) (zeker |wel )?geïnteresseerd",
        ),
        "es": (
            r"(me|nos) (interesa|interesaría|gustaría (saber|conocer|hablar))",
            r"(cuéntame|cuénteme|saber|más información)( más)?",
            r"(suena|parece) (muy )?(bien|interesante)",
        ),
        "it": (
            r"(mi|ci) (interessa|interesserebbe|piacerebbe)",
            r"(mi racconti|mi dica|saperne|maggiori informazioni)( di più)?",
            r"(sembra|molto) interessante",
        ),
        "pt": (
            r"(tenho|temos|me|nos) (interesse|interessa|interessaria)",
            r"(conte-me|saber|mais informações)( mais)?",
            r"(parece|muito) interessante",
        ),
        "sv": (
            r"(låter|det är|mycket|väldigt) (väldigt |mycket )?(intressant|bra|spännande)",
            r"(berätta|veta|höra) (gärna )?mer",
            r"(jag är|vi är) (absolut |väldigt )?intresserade?",
        ),
    },
}
# What looks like an absence and is none: one that is over, one that is denied, and the office as a place or a topic.
_NOT_AWAY = tuple(
    re.compile(phrase)
    for phrase in (
        r"\b(no longer|not|back from( being)?|was|were|been|having been)( just| also| still)?( (on|at))? ?(out of( the)? office|ooo|away|absent|on (annual |parental |maternity |paternity |sick )?(leave|holiday|vacation)|travelling|traveling)\b",
        r"\bback from\b",
        r"\b(mov\w+|kick\w*|go|goes|going|get|step\w*) out of( the)? office\b",
        r"\bout[ -]of[ -](the[ -])?office (repl\w+|messages?|tools?|space|hours|responders?|notes?)\b",
        r"\b(nicht mehr|war|waren)\b[^.!?]{0,40}(nicht im (büro|haus)|im urlaub|abwesend|in elternzeit|au(ß|ss)er haus|nicht erreichbar)",
        r"\baus dem urlaub (zurück|wieder)",
        r"\b(n'est plus|j'étais|étais|était|j'ai été)\b[^.!?]{0,30}(absente?|en congés?|en vacances)",
        r"\b(niet meer|was|waren)\b[^.!?]{0,30}(afwezig|(op|met) (vakantie|verlof)|niet (aanwezig|op kantoor))",
        r"\b(estaba|estuve|he estado)\b[^.!?]{0,30}(fuera|de vacaciones|ausente|de baja)( de (la )?oficina)?",
        r"\b(ero|sono stat[oa])\b[^.!?]{0,30}(fuori( ufficio| sede)?|in ferie|assente|in vacanza)",
        r"\b(estava|estive)\b[^.!?]{0,30}(fora( do escritório)?|de férias|ausente)",
        r"\b(var|har varit)\b[^.!?]{0,30}(på semester|semester|ledig|bortrest|inte på kontoret)",
    )
)
# A text that begins with one of these says itself that nobody wrote it.
_AUTOMATIC = re.compile(
    r"^\W*(automatic reply|auto-?reply|autoreply|automatic response|automatische antwort|abwesenheitsnotiz|"
    r"réponse automatique|message d'absence|automatisch antwoord|afwezigheidsbericht|respuesta automática|"
    r"risposta automatica|resposta automática|autosvar|automatiskt svar|frånvaromeddelande)\b"
)
# Sentences that belong to an automatic answer: whom to turn to when it is urgent, where to read more.
_FORMULA = re.compile(
    r"[^.!?]*\b(urgent\w*|dringend\w*|urgences?|urgente\w*|urgenza|spoed\w*|brådskande|notf[aä]ll\w*|emergenc\w+|"
    r"(further|more|mehr|meer|plus d'|más|mais|maggiori|ulteriori|mer) informat?\w*)\b[^.!?]*[.!?]?"
)
_ADDRESS = re.compile(r"(https?://|www\.)\S+")
_COMPILED = {
    kind: [
        (language, re.compile(rf"(?<!\w)(?:{phrase})(?!\w)"))
        for language, phrases in table.items()
        for phrase in phrases
    ]
    for kind, table in RULES.items()
}


# What a person says besides, however they are away.
_OUTWEIGHS_ABSENCE = (Class.UNSUBSCRIBE, Class.NOT_INTERESTED, Class.INTERESTED)
_IN_ORDER = (Class.UNSUBSCRIBE, Class.NOT_INTERESTED, Class.REFERRAL, Class.INTERESTED)


def classify(text: str) -> Verdict:
    """What a message is. In doubt `unknown`."""
    words = own_words(text)
    if away := _away(words):
        return away
    return next((found for kind in _IN_ORDER if (found := _first(kind, words))), Verdict(Class.UNKNOWN))


def _away(words: str) -> Verdict | None:
    """The absence, when it is all that the message says."""
    present = words
    for phrase in _NOT_AWAY:
        present = phrase.sub(" … ", present)
    found = _first(Class.OUT_OF_OFFICE, present)
    if found is None or _AUTOMATIC.search(words):
        return found
    rest = _FORMULA.sub(" ", _ADDRESS.sub(" ", words))
    return None if "?" in rest or any(_first(kind, rest) for kind in _OUTWEIGHS_ABSENCE) else found


def _first(kind: Class, words: str) -> Verdict | None:
    for language, phrase in _COMPILED[kind]:
        if found := phrase.search(words):
            return Verdict(kind, found.group(0).strip()[:100], language)
    return None
