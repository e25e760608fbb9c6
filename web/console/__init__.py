"""The pages for people: one router per workbench. HTML from templates/, scripts and styles from static/.

Decides nothing; the acts are those of work/.
"""
