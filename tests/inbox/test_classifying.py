"""What answers mean: a corpus of invented messages in eight languages, each with its class and its day of return."""

from datetime import date

import pytest

from inbox.classifying import classify, return_of

WRITTEN = date(2026, 7, 20)  # a Monday
CORPUS = """
out_of_office | I am out of the office until 14 August.
out_of_office | Automatic reply: I am away from 3 to 17 August, with limited access to my email.
out_of_office | Thanks for your message! I'm on annual leave and back on 3 August.
out_of_office | I am on parental leave. In urgent cases please write to my colleagues.
out_of_office | I'm currently OOO.
out_of_office | Ich bin bis einschließlich 14.08. im Urlaub.
out_of_office | Abwesenheitsnotiz: ab dem 17.08. bin ich wieder erreichbar.
out_of_office | Vielen Dank für Ihre Nachricht. Ich befinde mich in Elternzeit.
out_of_office | Je suis absent du bureau jusqu'au 17 août.
out_of_office | Absente du 3 au 17 août, je vous répondrai à mon retour.
out_of_office | Ik ben met vakantie tot en met 14 augustus.
out_of_office | Ik ben momenteel afwezig en terug op maandag 17 augustus.
out_of_office | Estoy de vacaciones hasta el 14 de agosto.
out_of_office | Fuera de la oficina hasta el lunes.
out_of_office | Sono in ferie fino al 14 agosto.
out_of_office | Risposta automatica: rientro il 17 agosto.
out_of_office | Estou de férias até 14 de agosto.
out_of_office | Resposta automática: volto em 17 de agosto.
out_of_office | Jag är på semester till och med 14 augusti.
out_of_office | Autosvar: åter på kontoret den 17 augusti.
unsubscribe | Please do not contact me again.
unsubscribe | Stop messaging me.
unsubscribe | Take me off your list
unsubscribe | Remove me from this mailing list, thanks.
unsubscribe | Never write to me again!
unsubscribe | Schreiben Sie mir bitte nicht mehr.
unsubscribe | Bitte keine weiteren Nachrichten.
unsubscribe | Merci de ne plus me contacter.
unsubscribe | Stuur mij geen berichten meer.
unsubscribe | No me escriba más, por favor.
unsubscribe | Non mi scriva più.
unsubscribe | Não me contacte mais.
unsubscribe | Kontakta mig inte igen.
not_interested | No thanks.
not_interested | Thanks, but we're not interested at the moment.
not_interested | Sounds interesting, but we don't need this right now.
not_interested | We are all set, cheers.
not_interested | Not a priority for us this quarter, but ask me again in spring.
not_interested | I'll pass.
not_interested | Wir haben leider kein Interesse.
not_interested | Nein danke!
not_interested | Kein Bedarf.
not_interested | Non merci.
not_interested | Ce n'est pas une priorité pour nous. Pas intéressé.
not_interested | Geen interesse, bedankt.
not_interested | No, gracias.
not_interested | No me interesa.
not_interested | No grazie, non siamo interessati.
not_interested | Não, obrigado.
not_interested | Nej tack.
not_interested | Vi är inte intresserade.
referral | I'm not the right person, Jane handles this.
referral | Please contact my colleague Jane Doe.
referral | I've forwarded this to our procurement team.
referral | Bitte wenden Sie sich an Frau Schulz.
referral | Mein Kollege ist dafür zuständig.
referral | Contactez plutôt ma collègue.
referral | Ik ben niet de juiste persoon hiervoor.
referral | No soy la persona indicada.
referral | Non sono la persona giusta.
interested | Tell me more!
interested | Sounds interesting! How about Tuesday afternoon?
interested | Yes, happy to talk. My calendar is open on Thursday.
interested | Could you send me some details?
interested | How much does it cost?
interested | Let's schedule a call.
interested | I'm no longer out of office, let's talk.
interested | Danke, klingt spannend. Schicken Sie mir gern Unterlagen.
interested | Ça m'intéresse, dites-m'en plus.
interested | Klinkt interessant, vertel meer.
interested | Me interesa, cuéntame más.
interested | Mi interessa, mi racconti di più.
interested | Tenho interesse.
interested | Låter intressant, berätta gärna mer.
unknown | 👍
unknown | Great, thank you!
unknown | Who are you?
unknown | Please stop by our office next time you are in town.
unknown | Let me check with my team and come back to you.
unknown | I was on holiday last week, sorry for the late answer. Who are you?
unknown | Is the office in Leeds closed?
unknown | 你好
"""
CASES = [tuple(part.strip() for part in line.split(" | ", 1)) for line in CORPUS.strip().splitlines()]


@pytest.mark.parametrize(("kind", "text"), CASES, ids=[text[:50] for _, text in CASES])
def test_a_message_is_what_it_says(kind: str, text: str) -> None:
    found = classify(text)
    assert found.kind == kind, found
    assert bool(found.phrase) == (kind != "unknown")


RETURNS = [
    ("I am out of the office until 14 August.", date(2026, 8, 15)),
    ("I am away from 3 to 17 August.", date(2026, 8, 18)),
    ("back on Monday 3 August", date(2026, 8, 3)),
    ("back in the office on August 3rd, 2026", date(2026, 8, 3)),
    ("out until 2026-08-14", date(2026, 8, 15)),
    ("I will be back next Monday.", date(2026, 7, 27)),
    ("back on Thursday", date(2026, 7, 23)),
    ("bis einschließlich 14.08.", date(2026, 8, 15)),
    ("Ab dem 17.08. bin ich wieder erreichbar.", date(2026, 8, 17)),
    ("absent jusqu'au 17 août", date(2026, 8, 18)),
    ("du 3 au 17 août", date(2026, 8, 18)),
    ("de retour le 17 août", date(2026, 8, 17)),
    ("tot en met 14 augustus", date(2026, 8, 15)),
    ("terug op maandag 17 augustus", date(2026, 8, 17)),
    ("hasta el 14 de agosto de 2026", date(2026, 8, 15)),
    ("fino al 14 agosto", date(2026, 8, 15)),
    ("rientro il 17 agosto", date(2026, 8, 17)),
    ("até 14 de agosto", date(2026, 8, 15)),
    ("till och med 14 augusti", date(2026, 8, 15)),
    ("åter den 17 augusti", date(2026, 8, 17)),
    ("out until 05/08", date(2026, 8, 6)),  # 5 August; 8 May is past
    ("out until 08/09", date(2026, 9, 9)),  # of 9 August and 8 September the later
    ("out until 3 January", date(2026, 11, 17)),  # nobody is waited for longer than 120 days
]


@pytest.mark.parametrize(("text", "back"), RETURNS, ids=[text for text, _ in RETURNS])
def test_the_day_of_return_is_read_from_the_words(text: str, back: date) -> None:
    found = return_of(text, written_on=WRITTEN)
    assert (found.on, found.said) == (back, True)


@pytest.mark.parametrize("text", ["I am on parental leave.", "away until 14 May 2026", "back on 31 February", ""])
def test_without_a_usable_date_a_week_is_waited(text: str) -> None:
    found = return_of(text, written_on=WRITTEN)
    assert (found.on, found.said) == (date(2026, 7, 27), False)


def test_what_is_quoted_and_signed_does_not_count() -> None:
    text = "Tell me more\n\nOn Mon, 20 Jul 2026 Nadia wrote:\n> please do not contact me\n"
    assert classify(text).kind == "interested"
    assert classify("Tell me more\n-- \nunsubscribe here").kind == "interested"
